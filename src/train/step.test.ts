import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { float32, floats, full, type Tensor } from '../core/tensor.js';
import type { Classifier } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import { GraphBuilder } from '../onnx/builder.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpBatches, oneHot, tinyNetwork } from '../testing/batches.js';
import { asTensor, readFixture, relativeError, type StoredTensor } from '../testing/fixtures.js';
import { adam } from './optimizers/adam.js';
import { sgd } from './optimizers/sgd.js';
import { TrainingStep } from './step.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

interface TrainingRun {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly initial: Record<string, StoredTensor>;
  readonly steps: readonly {
    readonly images: StoredTensor;
    readonly labels: readonly number[];
    readonly loss: number;
    readonly correct: number;
    readonly state: Record<string, StoredTensor>;
  }[];
}

/** The net of the fixture: convolution, normalisation, ReLU, average pool, linear layer. */
function fixtureNetwork(initial: Record<string, StoredTensor>): Classifier {
  const builder = new GraphBuilder('fixture');
  const x = builder.input('pixels', 'float32', ['N', 2, 4, 4]);
  const parameter = (name: string) => builder.parameter(name, asTensor(initial[name]));
  const maps = builder.conv(x, parameter('conv.weight'), { kernel: [3, 3], pads: [1, 1, 1, 1] });
  const [scale, shift, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => parameter(`bn.${name}`));
  const pooled = builder.flatten(
    builder.globalAveragePool(builder.relu(builder.batchNorm(maps, scale, shift, mean, variance, 1e-5, 'bn'))),
  );
  builder.output(builder.gemm(pooled, parameter('linear.weight'), parameter('linear.bias'), { transB: true }), 'logits', 'float32', [
    'N',
    3,
  ]);
  return { name: 'fixture', graph: builder.build(), imageShape: [2, 4, 4], classes: 3 };
}

test('ten steps of a net with batch normalisation are those of PyTorch', async () => {
  const { learningRate, momentum, weightDecay, initial, steps } = readFixture<TrainingRun>('training-run');
  assert.equal(steps.length, 10);
  const options = { batchSize: steps[0].labels.length, optimizer: sgd({ momentum, weightDecay }) };
  const step = await TrainingStep.compile(engine, fixtureNetwork(initial), options);
  for (const [i, { images, labels, loss, correct, state }] of steps.entries()) {
    const found = await step.run({ images: asTensor(images), targets: oneHot(labels, 3) }, learningRate);
    assert.ok(Math.abs(found.loss - loss) <= 1e-4 * loss, `step ${i + 1}: loss ${found.loss}, expected ${loss}`);
    assert.equal(found.correct, correct);
    const values = await step.read();
    for (const [name, expected] of Object.entries(state)) {
      const error = relativeError(floats(values[name]), expected.data);
      assert.ok(error <= 1e-4, `step ${i + 1}: ${name} is off by ${error}`);
    }
  }
  // What has to change did, and the classifier that comes out has it.
  const { initializers } = (await step.classifier()).graph;
  for (const [name, before] of Object.entries(initial)) {
    assert.ok(relativeError(floats(initializers.get(name)), steps[9].state[name].data) <= 1e-4, name);
    assert.ok(relativeError(floats(initializers.get(name)), before.data) > 1e-3, `${name} did not change`);
  }
  await step.release();
});

describe('a training step', () => {
  const network = tinyNetwork();
  const source = madeUpBatches(network, { batchSize: 6, batchesPerEpoch: 8 });
  const batches = [...source.epoch(0)];

  for (const optimizer of [sgd({ momentum: 0.9, nesterov: true, weightDecay: 1e-3 }), adam({ weightDecay: 1e-3 })]) {
    test(`holds masked weights at exactly zero with ${optimizer.name}`, async () => {
      const weight = network.graph.initializers.get('layer1.0.conv1.weight') as Tensor;
      const mask = full(weight.dims, 1);
      mask.data.fill(0, 36, 72);
      const step = await TrainingStep.compile(engine, network, { batchSize: 6, optimizer, masks: { 'layer1.0.conv1.weight': mask } });
      for (const batch of batches) {
        await step.run(batch, 0.05);
        const values = floats((await step.read())['layer1.0.conv1.weight']);
        values.forEach((value, i) => {
          if (i >= 36 && i < 72) assert.ok(value === 0, `element ${i} is ${value}`);
          else assert.notEqual(value, 0);
        });
      }
      await step.release();
    });
  }

  test('changes every learned parameter and statistic, and nothing else', async () => {
    const step = await TrainingStep.compile(engine, network, { batchSize: 6, optimizer: sgd() });
    await step.run(batches[0], 0.05);
    const { graph } = await step.classifier();
    const statistics = [...network.graph.initializers.keys()].filter((name) => /running_(mean|var)$/.test(name));
    const changing = new Set([...learnedParameters(network.graph), ...statistics]);
    for (const [name, value] of network.graph.initializers) {
      if (changing.has(name)) assert.notDeepEqual(graph.initializers.get(name), value, name);
      else assert.equal(graph.initializers.get(name), value, name);
    }
    assert.deepEqual(graph.nodes, network.graph.nodes);
    await step.release();
  });

  test('goes on from a state as if it had never stopped', async () => {
    const options = { batchSize: 6, optimizer: adam() };
    const straight = await TrainingStep.compile(engine, network, options);
    for (const batch of batches.slice(0, 4)) await straight.run(batch, 0.01);
    const [saved, steps] = [await straight.read(), straight.steps];
    for (const batch of batches.slice(4)) await straight.run(batch, 0.01);
    // Another network and other steps before: the state has to replace everything.
    const resumed = await TrainingStep.compile(engine, tinyNetwork(1), options);
    await resumed.run(batches[7], 0.5);
    await resumed.restore(saved, steps);
    for (const batch of batches.slice(4)) await resumed.run(batch, 0.01);
    assert.deepEqual(await resumed.read(), await straight.read());
    assert.equal(resumed.steps, straight.steps);
    await straight.release();
    await resumed.release();
  });

  test('counts correct answers by the largest target, and takes soft ones', async () => {
    const step = await TrainingStep.compile(engine, network, { batchSize: 6, optimizer: sgd() });
    const { images } = batches[0];
    const soft = float32([6, 3], new Float32Array(18).fill(1 / 3));
    // At rate zero parameters stay as they are, and the batch decides about the statistics.
    const { loss } = await step.run({ images, targets: soft }, 0);
    const single = await Promise.all([0, 1, 2].map((label) => step.run({ images, targets: oneHot(new Array(6).fill(label), 3) }, 0)));
    // The cross-entropy is linear in the targets.
    assert.ok(Math.abs(loss - single.reduce((sum, one) => sum + one.loss / 3, 0)) < 1e-5);
    assert.equal(
      single.reduce((sum, one) => sum + one.correct, 0),
      6,
    );
    await step.release();
  });

  test('needs no names on the nodes, which other exporters leave out', async () => {
    const nodes = network.graph.nodes.map((node) => ({ ...node, name: '' }));
    const states = [];
    for (const graph of [network.graph, { ...network.graph, nodes }]) {
      const step = await TrainingStep.compile(engine, { ...network, graph }, { batchSize: 6, optimizer: sgd() });
      await step.run(batches[0], 0.05);
      states.push(await step.read());
      await step.release();
    }
    assert.deepEqual(states[1], states[0]);
  });

  test('lowers the loss', async () => {
    const step = await TrainingStep.compile(engine, network, { batchSize: 6, optimizer: sgd() });
    const losses: number[] = [];
    for (const epoch of [0, 1, 2, 3, 4, 5]) for (const batch of source.epoch(epoch)) losses.push((await step.run(batch, 0.05)).loss);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(mean(losses.slice(-8)) < mean(losses.slice(0, 8)) / 3, `${losses}`);
    await step.release();
  });
});
