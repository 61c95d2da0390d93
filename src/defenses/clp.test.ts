import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { withParameters } from '../nn/classifier.js';
import { preActResNet } from '../nn/preactresnet.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpDataset } from '../testing/dataset.js';
import { clp } from './clp.js';
import { farAboveMean } from './outliers.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const clean = madeUpDataset(2, 3, [1, 8, 8]);
const net = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 16, depths: [1, 1], seed: 5 });
const context = { engine, random: new Random(1) };
const values = (name: string) => Float32Array.from(floats(net.graph.initializers.get(name) as Tensor));

test('a filter that is far larger than the others is pruned, with its normalisation', async () => {
  const weight = values('layer1.0.conv1.weight');
  const size = weight.length / 16;
  for (let i = 0; i < size; i++) weight[5 * size + i] *= 20;
  const { dims } = net.graph.initializers.get('layer1.0.conv1.weight') as Tensor;
  const model = withParameters(net, { 'layer1.0.conv1.weight': float32(dims, weight) });
  const repair = await clp.repair({ model, clean }, clp.options.parse({}), context);
  assert.deepEqual(repair.pruned['layer1.0.conv1'], [5]);
  const zero = (name: string, from: number, to: number) =>
    assert.ok(
      floats(repair.model.graph.initializers.get(name) as Tensor)
        .subarray(from, to)
        .every((value) => value === 0),
    );
  zero('layer1.0.conv1.weight', 5 * size, 6 * size);
  zero('layer1.0.bn2.weight', 5, 6);
});

test("the normalisation's scale and variance count where it reads nothing but the convolution", async () => {
  const scale = values('layer1.0.bn2.weight').fill(1);
  scale[3] = -50;
  const variance = values('layer1.0.bn2.running_var').fill(1);
  const loud = withParameters(net, { 'layer1.0.bn2.weight': float32([16], scale), 'layer1.0.bn2.running_var': float32([16], variance) });
  const repair = (model: typeof net) => clp.repair({ model, clean }, clp.options.parse({}), context);
  assert.deepEqual((await repair(loud)).pruned['layer1.0.conv1'], [3]);
  // Ten thousand times the variance takes away more than the scale gives.
  variance[3] = 10_000;
  const calm = withParameters(loud, { 'layer1.0.bn2.running_var': float32([16], variance) });
  assert.deepEqual((await repair(calm)).pruned['layer1.0.conv1'], []);
});

test('outliers are those above the mean by more than so many sample deviations', () => {
  const values = [1, 1, 1, 1, 1, 1, 1, 6, 5];
  const mean = values.reduce((a, b) => a + b) / 9;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 8);
  assert.deepEqual(farAboveMean(values, (5.5 - mean) / deviation), [7]);
  assert.deepEqual(farAboveMean(values, (4.5 - mean) / deviation), [7, 8]);
  assert.deepEqual(farAboveMean([2, 2, 2], 0), []);
  assert.deepEqual(farAboveMean([7], 0), []);
});
