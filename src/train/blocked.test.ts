import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { floats } from '../core/tensor.js';
import { preActResNet } from '../nn/preactresnet.js';
import { type Graph, OPSET } from '../onnx/graph.js';
import { writeModel } from '../onnx/write.js';
import type { Engine, Program, Tensors } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { withPlainAdjoints } from '../runtime/plain/adjoints.js';
import { madeUpBatches } from '../testing/batches.js';
import type { CheckpointStore } from './checkpoint.js';
import { train } from './loop.js';
import { sgd } from './optimizers/sgd.js';
import { constantRate } from './schedules.js';
import { TrainingStep } from './step.js';

// Wide enough for whole blocks of channels, with both kinds of shortcut, odd sizes and channels that do not fill blocks.
const network = preActResNet({
  imageShape: [3, 14, 14],
  classes: 4,
  mean: [0.3, 0.3, 0.3],
  std: [0.3, 0.3, 0.3],
  width: 24,
  depths: [2, 1, 1],
});
const batchSize = 32;
const source = madeUpBatches(network, { batchSize, batchesPerEpoch: 3 });
const optimizer = sgd({ weightDecay: 1e-3 });
const engine = await createEngine({ device: 'cpu', threads: 2 });
after(() => engine.close());

test("a training step is the same as in ONNX's own operators", async () => {
  let built: { graph: Graph; carry: Readonly<Record<string, string>> } | undefined;
  let initial: Tensors = {};
  const spy: Engine = {
    ...engine,
    load: (file) => engine.load(file),
    close: () => engine.close(),
    compile: async (graph, options = {}): Promise<Program> => {
      const program = await engine.compile(graph, options);
      if (!options.carry) return program;
      built = { graph, carry: options.carry };
      return {
        ...program,
        write: (values) => {
          initial = values;
          return program.write(values);
        },
      };
    },
  };
  const step = await TrainingStep.compile(spy, network, { batchSize, optimizer });
  const [batch] = source.epoch(0);
  const { loss, correct } = await step.run(batch, 0.1);
  const state = await step.read();
  await step.release();

  assert.ok(built);
  const plain = await engine.load(writeModel({ graph: withPlainAdjoints(built.graph), opset: OPSET, metadata: {} }));
  const scalar = (value: number) => ({ type: 'float32', dims: [], data: new Float32Array([value]) }) as const;
  const ports = { 'step:images': batch.images, 'step:targets': batch.targets, 'step:learning_rate': scalar(0.1), 'step:number': scalar(1) };
  const expected = await plain.run({ ...initial, ...ports });
  await plain.release();
  assert.equal(floats(expected.correct)[0], correct);
  assert.ok(Math.abs(floats(expected.loss)[0] - loss) < 1e-5);
  for (const [name, output] of Object.entries(built.carry)) {
    const [found, value] = [floats(state[name]), floats(expected[output])];
    const largest = value.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
    const error = value.reduce((most, number, i) => Math.max(most, Math.abs(number - found[i])), 0);
    assert.ok(error <= 1e-4 * largest, `${name} is off by ${error} where the largest value is ${largest}`);
  }
});

describe('training', () => {
  const options = { epochs: 2, optimizer, schedule: constantRate(0.05), run: 'test' };

  test('gives the same bytes twice, on another engine too', async () => {
    const other = await createEngine({ device: 'cpu', threads: 2 });
    const [one, two] = [await train(engine, network, source, options), await train(other, network, source, options)];
    await other.close();
    assert.deepEqual(one.classifier, two.classifier);
  });

  test('resumed after an epoch ends with the same bytes', async () => {
    let saved: Uint8Array | undefined;
    const keeping = (load?: Uint8Array): CheckpointStore => ({
      name: 'memory',
      load: async () => load,
      save: async (bytes) => {
        saved = bytes;
      },
    });
    await train(engine, network, source, { ...options, epochs: 1, checkpoints: keeping() });
    const resumed = await train(engine, network, source, { ...options, checkpoints: keeping(saved) });
    assert.deepEqual(resumed.classifier, (await train(engine, network, source, options)).classifier);
  });
});
