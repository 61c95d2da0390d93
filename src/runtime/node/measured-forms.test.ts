import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { floats } from '../../core/tensor.js';
import type { WeightGradientShape } from '../../onnx/weight-gradient.js';
import { relativeError } from '../../testing/fixtures.js';
import { runOnce } from '../engine.js';
import { type Form, trialOf } from '../forms.js';
import { createEngine } from './engine.js';
import { MeasuredForms, type TrialCompiler } from './measured-forms.js';

const shape: WeightGradientShape = {
  input: [16, 16, 8, 8],
  output: [16, 16, 8, 8],
  kernel: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
  group: 1,
};
const machine = { device: 'cpu', threads: 1, block: 16 } as const;

let root: string;
let folder: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'antidote-forms-'));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'own-'));
});
after(() => rm(root, { recursive: true }));

/** Programs that do nothing: one form at once, the others after a while. */
function pretending(fast: Form) {
  const compiled: Form[] = [];
  const compile: TrialCompiler = async (_, choose) => {
    const form = choose(shape) as Form;
    compiled.push(form);
    const nothing = async () => ({});
    return {
      run: async () => {
        if (form !== fast) await setTimeout(5);
        return {};
      },
      runInto: async () => {},
      read: nothing,
      write: async () => {},
      release: async () => {},
    };
  };
  return { compile, compiled };
}

describe('measured forms', () => {
  test('are the fastest, measured once, and kept', async () => {
    const { graph } = trialOf(shape);
    const first = pretending('exchange');
    const forms = await MeasuredForms.open(folder, machine, first.compile);
    assert.equal((await forms.choiceFor(graph))(shape), 'exchange');
    assert.deepEqual(first.compiled, ['winograd', 'blocked', 'shifts', 'exchange', 'taps']);
    assert.equal((await forms.choiceFor(graph))(shape), 'exchange');
    assert.equal(first.compiled.length, 5);

    const second = pretending('taps');
    const again = await MeasuredForms.open(folder, machine, second.compile);
    assert.equal((await again.choiceFor(graph))(shape), 'exchange');
    assert.deepEqual(second.compiled, []);
    assert.equal((await again.choiceFor(graph))({ ...shape, group: 2 }), undefined);
  });

  test('are those of the process that measured first', async () => {
    const { graph } = trialOf(shape);
    const late = await MeasuredForms.open(folder, machine, pretending('taps').compile);
    await (await MeasuredForms.open(folder, machine, pretending('shifts').compile)).choiceFor(graph);
    assert.equal((await late.choiceFor(graph))(shape), 'shifts');
  });

  test('are measured anew for another number of threads, and where the file is damaged', async () => {
    const { graph } = trialOf(shape);
    await (await MeasuredForms.open(folder, machine, pretending('shifts').compile)).choiceFor(graph);
    const other = await MeasuredForms.open(folder, { ...machine, threads: 2 }, pretending('taps').compile);
    assert.equal((await other.choiceFor(graph))(shape), 'taps');
    const files = await readdir(folder);
    assert.equal(files.length, 2);
    for (const damaged of ['', '{"shapes":', '{"machine":{},"shapes":{"a":{"form":"fastest","milliseconds":{}}}}']) {
      for (const file of files) await writeFile(join(folder, file), damaged);
      const healed = await MeasuredForms.open(folder, machine, pretending('exchange').compile);
      assert.equal((await healed.choiceFor(graph))(shape), 'exchange');
    }
  });

  test('come to the same as those by rule, in an engine', async () => {
    const { graph, feeds } = trialOf(shape);
    const results = [];
    for (const forms of [undefined, folder, folder]) {
      const engine = await createEngine({ device: 'cpu', threads: 1, forms });
      assert.equal(engine.measuresForms, forms !== undefined);
      results.push(await runOnce(engine, graph, feeds));
      await engine.close();
    }
    const [byRule, measured, again] = results;
    for (const name of ['y', 'dw']) {
      assert.ok(relativeError(floats(measured[name]), floats(byRule[name])) < 1e-4);
      assert.deepEqual(measured[name], again[name]);
    }
    const [file] = await readdir(folder);
    const { machine: recorded, shapes } = JSON.parse(await readFile(join(folder, file), 'utf8'));
    assert.deepEqual([recorded.device, recorded.threads], ['cpu', 1]);
    const [{ form, milliseconds }] = Object.values(shapes) as { form: Form; milliseconds: Record<string, number> }[];
    assert.equal(milliseconds[form], Math.min(...Object.values(milliseconds)));
  });
});
