import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../core/random.js';
import { floats, sizeOf, type Tensor } from '../core/tensor.js';
import { readSafetensors } from '../formats/safetensors.js';
import { runOnce } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { asTensor, readFixture, readFixtureBytes, relativeError, type StoredTensor } from '../testing/fixtures.js';
import type { Classifier } from './classifier.js';
import { convLayers, countMaps } from './feature-maps.js';
import { uniformFanIn } from './init.js';
import { learnedParameters } from './parameters.js';
import { preActResNet } from './preactresnet.js';
import { loadStateDict, stateDict } from './state-dict.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const cifar = { imageShape: [3, 32, 32], mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.243, 0.261] } as const;
const PUBLISHED_PRUNE_DIVISOR = 64;

function parameterOf({ graph }: Classifier, name: string): Tensor {
  const value = graph.initializers.get(name);
  assert.ok(value, name);
  return value;
}

describe('PreActResNet18', () => {
  const network = preActResNet({ ...cifar, classes: 10 });

  test('has the published number of parameters', () => {
    const counts = { 10: 11_171_146, 43: 11_188_075, 100: 11_217_316, 200: 11_268_616 };
    for (const [classes, expected] of Object.entries(counts)) {
      const { graph } = preActResNet({ ...cifar, classes: Number(classes) });
      assert.equal(
        learnedParameters(graph).reduce((sum, name) => sum + sizeOf(graph.initializers.get(name)?.dims ?? []), 0),
        expected,
      );
    }
  });

  test('has 20 convolutions with 4,800 feature maps in the order in which they run, 75 of which the published selection prunes', () => {
    const layers = convLayers(network.graph);
    const expected = [
      ['conv1', 64],
      ...['layer1.0.conv1', 'layer1.0.conv2', 'layer1.1.conv1', 'layer1.1.conv2'].map((name) => [name, 64]),
      ...[2, 3, 4].flatMap((stage) =>
        ['0.shortcut.0', '0.conv1', '0.conv2', '1.conv1', '1.conv2'].map((name) => [`layer${stage}.${name}`, 64 * 2 ** (stage - 1)]),
      ),
    ];
    assert.deepEqual(
      layers.map(({ name, channels }) => [name, channels]),
      expected,
    );
    assert.equal(layers.length, 20);
    assert.equal(countMaps(layers), 4800);
    assert.equal(
      layers.reduce((sum, { channels }) => sum + Math.floor(channels / PUBLISHED_PRUNE_DIVISOR), 0),
      75,
    );
  });

  test("has 16 batch normalisations with PyTorch's epsilon", () => {
    const norms = network.graph.nodes.filter(({ opType }) => opType === 'BatchNormalization');
    assert.equal(norms.length, 16);
    for (const { attributes } of norms) assert.deepEqual(attributes.epsilon, { kind: 'float', value: 1e-5 });
  });

  test("has the 102 entries of PyTorch's state dictionary, in its order", () => {
    const state = stateDict(network, 3);
    const norm = (path: string) =>
      ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'].map((name) => `${path}.${name}`);
    const block = (path: string) => [...norm(`${path}.bn1`), `${path}.conv1.weight`, ...norm(`${path}.bn2`), `${path}.conv2.weight`];
    const expected = [
      'conv1.weight',
      ...[1, 2, 3, 4].flatMap((stage) => [
        ...block(`layer${stage}.0`),
        ...(stage > 1 ? [`layer${stage}.0.shortcut.0.weight`] : []),
        ...block(`layer${stage}.1`),
      ]),
      'linear.weight',
      'linear.bias',
    ];
    assert.deepEqual([...state.keys()], expected);
    assert.equal(state.size, 102);
    assert.deepEqual(state.get('layer1.0.bn1.num_batches_tracked'), { type: 'int64', dims: [], data: BigInt64Array.of(3n) });
    assert.deepEqual(state.get('linear.weight')?.dims, [10, 512]);
    assert.deepEqual(state.get('layer3.0.shortcut.0.weight')?.dims, [256, 128, 1, 1]);
  });

  test("begins as PyTorch's does: uniform in ±1/√fan-in, normalisations neutral", () => {
    for (const [name, fanIn] of [
      ['conv1.weight', 27],
      ['layer1.0.conv1.weight', 576],
      ['layer2.0.shortcut.0.weight', 64],
      ['linear.weight', 512],
      ['linear.bias', 512],
    ] as const) {
      const values = floats(parameterOf(network, name));
      const bound = 1 / Math.sqrt(fanIn);
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(largest <= bound && largest > bound * (values.length > 100 ? 0.99 : 0.5), `${name}: ${largest}, expected ${bound}`);
      const spread = values.reduce((sum, value) => sum + value * value, 0) / values.length / ((bound * bound) / 3);
      // The variance of a sample of n uniform numbers varies by 0.9/√n.
      assert.ok(Math.abs(spread - 1) < 4.5 / Math.sqrt(values.length), `${name}: variance is ${spread} of what it should be`);
    }
    for (const [name, value] of [
      ['weight', 1],
      ['bias', 0],
      ['running_mean', 0],
      ['running_var', 1],
    ] as const) {
      assert.ok(
        floats(parameterOf(network, `layer4.1.bn2.${name}`)).every((element) => element === value),
        name,
      );
    }
  });
});

describe('a small PreActResNet', () => {
  interface Fixture {
    readonly mean: number[];
    readonly std: number[];
    readonly names: string[];
    readonly images: StoredTensor;
    readonly logits: StoredTensor;
  }
  const { mean, std, names, images, logits } = readFixture<Fixture>('preactresnet');
  const { tensors } = readSafetensors(readFixtureBytes('preactresnet.safetensors'), 'preactresnet.safetensors');
  const options = { imageShape: [3, 16, 16], classes: 10, mean, std, width: 4, depths: [1, 1, 1, 1] } as const;

  test("gives PyTorch's logits with PyTorch's state", async () => {
    const network = loadStateDict(preActResNet(options), tensors, 'preactresnet.safetensors');
    const found = await runOnce(engine, network.graph, { pixels: asTensor(images) });
    assert.deepEqual(found.logits.dims, logits.dims);
    assert.ok(Math.hypot(...logits.data) > 1, 'the logits are too small to compare');
    const error = relativeError(floats(found.logits), logits.data);
    assert.ok(error <= 1e-5, `relative error ${error}`);
    floats(found.logits).forEach((value, i) => {
      assert.ok(Math.abs(value - logits.data[i]) <= 1e-4, `logit ${i}: ${value}, expected ${logits.data[i]}`);
    });
  });

  test("gives back the state it was given, in PyTorch's order", () => {
    const state = stateDict(loadStateDict(preActResNet(options), tensors, 'x'), 7);
    assert.deepEqual([...state.keys()], names);
    assert.deepEqual(state, tensors);
  });

  test('depends on its seed and nothing else', () => {
    const one = stateDict(preActResNet({ ...options, seed: 1 }));
    assert.deepEqual(stateDict(preActResNet({ ...options, seed: 1 })), one);
    assert.notDeepEqual(stateDict(preActResNet({ ...options, seed: 2 })), one);
    // Every layer draws from a stream of its own: a deeper net begins like the shallower one.
    const deeper = stateDict(preActResNet({ ...options, seed: 1, depths: [2, 1, 1, 1] }));
    for (const [name, value] of one) assert.deepEqual(deeper.get(name), value, name);
  });

  test('takes any batch size', async () => {
    const network = preActResNet(options);
    const whole = await runOnce(engine, network.graph, { pixels: asTensor(images) });
    const half = asTensor({ dims: [1, 3, 16, 16], data: images.data.slice(0, 768) });
    const first = await runOnce(engine, network.graph, { pixels: half });
    assert.deepEqual(first.logits.dims, [1, 10]);
    assert.ok(relativeError(floats(first.logits), floats(whole.logits).subarray(0, 10)) < 1e-6);
  });
});

test('initial values stay within their bound, whatever the shape', () => {
  const values = floats(uniformFanIn([100, 100], 25, new Random(5)));
  assert.ok(values.every((value) => Math.abs(value) <= 0.2));
  assert.ok(values.some((value) => value > 0.199) && values.some((value) => value < -0.199));
});
