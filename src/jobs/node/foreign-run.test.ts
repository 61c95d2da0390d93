import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { findDefense } from '../../defenses/registry.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { readModel } from '../../onnx/read.js';
import { writeModel } from '../../onnx/write.js';
import { createEngine } from '../../runtime/node/engine.js';
import { FOREIGN_CLASSES, type ForeignOptions, foreignModel } from '../../testing/foreign-model.js';
import { photos } from '../../testing/photos.js';
import { temporaryFolders, temporaryHome } from '../../testing/temporary.js';
import { dataOptions } from '../data-options.js';
import { runEvaluate } from './run-evaluate.js';
import { runRepair } from './run-repair.js';

const place = temporaryFolders();
temporaryHome(place);
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

let data: string;
before(async () => {
  data = await place(photos(FOREIGN_CLASSES));
});

async function files(options: ForeignOptions): Promise<{ model: string; out: string }> {
  const folder = await place({ 'model.onnx': foreignModel(options) });
  return { model: join(folder, 'model.onnx'), out: join(folder, 'out') };
}

const settings = () => ({ engine, data: dataOptions.parse({ data }), seed: 0 });

describe("somebody else's model and one's own images", () => {
  const forms: Record<string, ForeignOptions> = {
    'any batch, bytes, NHWC': { layout: 'nhwc', normalize: 'bytes', input: 'uint8' },
    'one image at a time, probabilities, operator set 9': { opset: 9, batch: 1, rows: [1, 96], head: 'Softmax' },
    'any size': { size: 'side' },
  };
  for (const [name, options] of Object.entries(forms)) {
    test(`are repaired and measured: ${name}`, async () => {
      const { model, out } = await files(options);
      const notes: string[] = [];
      const data = { ...settings().data, ...(options.size !== undefined && { image_size: 10 }) };
      const defense = findDefense('fmp');
      const quick = { epochs: 2, batch_size: 20, ranking: 'accuracy', min_per_layer: 1, scan_images: 10 };
      const run = { ...settings(), data, out, model, ratio: 0.5, defense, options: quick };
      const { result } = await runRepair(run, { note: (line) => notes.push(line) });
      assert.equal(Object.values(result.pruned ?? {}).flat().length, 2);
      assert.match(notes[0], /model\.onnx: is given pixels in/);

      const repaired = join(out, 'repaired.onnx');
      const [before, now] = [readModel(await readFile(model)), readModel(await readFile(repaired))];
      assert.deepEqual([now.opset, now.metadata, now.graph.nodes], [before.opset, before.metadata, before.graph.nodes]);
      const { result: measured } = await runEvaluate({ ...settings(), data, model: repaired });
      assert.equal(measured.before?.acc, result.after?.acc);
    });
  }

  test('other pixels give other results, and the options reach the model', async () => {
    const { model } = await files({ head: 'Softmax' });
    const notes: string[] = [];
    const pixels = { scale: 255, mean: [100], std: [50] };
    await runEvaluate({ ...settings(), model, pixels }, { note: (line) => notes.push(line) });
    assert.match(notes[0], /is given pixels in \[0, 255\], less mean 100, over std 50; NCHW$/);
    await assert.rejects(runEvaluate({ ...settings(), model, pixels: { mean: [1, 2] } }), /option mean has 2 numbers/);
  });

  test('a model that cannot be trained is measured, and its repair refused before the work begins', async () => {
    const { model, out } = await files({ head: 'Softmax', batch: 1, rows: [1, 96] });
    const flawed = await place({ 'model.onnx': await withHardmax(model) });
    const path = join(flawed, 'model.onnx');
    await runEvaluate({ ...settings(), model: path });
    const run = { ...settings(), out, model: path, ratio: 0.5, defense: findDefense('ft'), options: {} };
    const phases = new Set<string>();
    const attempt = runRepair(run, { progress: ({ phase }) => phases.add(phase) });
    await assert.rejects(attempt, (error) => error instanceof UserError && /no gradient is known for Hardmax 'pick'/.test(error.message));
    assert.deepEqual(
      [...phases].filter((phase) => !phase.startsWith('decode')),
      [],
    );
  });
});

async function withHardmax(path: string): Promise<Uint8Array> {
  const { graph } = readModel(await readFile(path));
  const builder = new GraphBuilder('flawed', graph);
  builder.output(builder.op('Hardmax', ['output'], {}, 1, 'pick')[0], 'choice', 'float32', [1, FOREIGN_CLASSES]);
  return writeModel({ graph: builder.build(), opset: 13, metadata: {} });
}
