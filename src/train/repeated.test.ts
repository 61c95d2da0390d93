import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { floats, full, type Tensor } from '../core/tensor.js';
import type { Engine } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpBatches, tinyNetwork } from '../testing/batches.js';
import type { Batch } from './batch.js';
import { train } from './loop.js';
import { adam } from './optimizers/adam.js';
import { sgd } from './optimizers/sgd.js';
import { type StepOptions, TrainingStep } from './step.js';

const network = tinyNetwork();
const source = madeUpBatches(network, { batchSize: 6, batchesPerEpoch: 7 });
const batches = [...source.epoch(0)];
/** ONNX Runtime puts operations together a little differently inside a loop, so the last digit may differ. */
const TOLERANCE = 1e-6;
const rates = batches.map((_, i) => 0.05 / (i + 1));

function close(found: Tensor, expected: Tensor, name: string): void {
  assert.deepEqual(found.dims, expected.dims, name);
  const [a, b] = [floats(found), floats(expected)];
  a.forEach((value, i) => {
    assert.ok(Math.abs(value - b[i]) < TOLERANCE, `${name}: ${value} and ${b[i]}`);
  });
}

describe('several steps in one run', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());

  /** Results and end of the seven steps, taken in groups. */
  async function taken(options: Omit<StepOptions, 'batchSize'>, groups: readonly (readonly Batch[])[]) {
    const step = await TrainingStep.compile(engine, network, { batchSize: 6, ...options });
    const results = [];
    for (const group of groups) results.push(...(await step.runAll(group, rates.slice(step.steps, step.steps + group.length))));
    const end = { results, state: await step.read(), steps: step.steps };
    await step.release();
    return end;
  }

  const single = batches.map((batch) => [batch]);
  const mask = full([4, 1, 3, 3], 1);
  mask.data.fill(0, 0, 9);
  const cases = {
    'SGD with momentum': { optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }) },
    'Adam, which counts its steps': { optimizer: adam() },
    'a mask': { optimizer: sgd({ momentum: 0.9 }), masks: { 'conv1.weight': mask } },
  };
  for (const [name, options] of Object.entries(cases)) {
    test(`come to the same as one at a time, and to the last bit as other numbers of steps: ${name}`, async () => {
      const [expected, found] = [await taken(options, single), await taken({ ...options, stepsPerRun: 7 }, [batches])];
      for (const [i, { loss, correct }] of expected.results.entries()) {
        assert.ok(Math.abs(found.results[i].loss - loss) < TOLERANCE);
        assert.equal(found.results[i].correct, correct);
      }
      assert.deepEqual(Object.keys(found.state), Object.keys(expected.state));
      for (const [key, value] of Object.entries(expected.state)) close(found.state[key], value, key);
      assert.equal(found.steps, 7);
      assert.deepEqual(await taken({ ...options, stepsPerRun: 4 }, [batches.slice(0, 4), batches.slice(4)]), found);
    });
  }

  test('make the same training, whatever is left at the end of an epoch', async () => {
    const options = { epochs: 2, optimizer: sgd({ momentum: 0.9 }), schedule: ({ step }: { step: number }) => 0.05 / (step + 1) };
    const withSteps = async (stepsPerRun: number) => {
      const done: number[] = [];
      const trained = await train(engine, network, source, { ...options, stepsPerRun, progress: (event) => done.push(event.done) });
      const history = trained.history.map(({ seconds: _, ...record }) => record);
      return { history, done, parameters: trained.classifier.graph.initializers };
    };
    const [expected, found] = [await withSteps(1), await withSteps(3)];
    assert.deepEqual(found.done, [5, 7, 12, 14]);
    assert.deepEqual(expected.done, found.done);
    for (const [name, value] of expected.parameters) close(found.parameters.get(name) as Tensor, value, name);
    assert.deepEqual(await withSteps(7), found);
  });
});
