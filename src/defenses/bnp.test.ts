import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { type Classifier, portsOf, withParameters } from '../nn/classifier.js';
import { unitPixels } from '../nn/pixels.js';
import { preActResNet } from '../nn/preactresnet.js';
import { runOnce } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { madeUpDataset } from '../testing/dataset.js';
import { bnp } from './bnp.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const clean = madeUpDataset(20, 3, [1, 8, 8]);
const context = { engine, random: new Random(1) };
const options = bnp.options.parse({ images: 60 });
const NORM = 'layer1.0.bn1';

/** A network whose first normalisation has the statistics that its input really has. */
async function fitted(): Promise<Classifier> {
  const net = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 16, depths: [1], seed: 5 });
  const graph = { ...net.graph, outputs: [{ name: 'conv1' }] };
  const { dims, data } = (await runOnce(engine, graph, { [portsOf(net).input]: unitPixels(clean.images, clean.imageShape) })).conv1;
  const plane = dims[2] * dims[3];
  const of = (channel: number) => Array.from(data as Float32Array).filter((_, i) => Math.floor(i / plane) % 16 === channel);
  const mean = Array.from({ length: 16 }, (_, c) => of(c).reduce((a, b) => a + b) / of(c).length);
  const variance = mean.map((m, c) => of(c).reduce((sum, value) => sum + (value - m) ** 2, 0) / (of(c).length - 1));
  return withParameters(net, { [`${NORM}.running_mean`]: float32([16], mean), [`${NORM}.running_var`]: float32([16], variance) });
}

test('a channel whose running statistics are not those of clean images is silenced', async () => {
  const net = await fitted();
  const none = await bnp.repair({ model: net, clean }, options, context);
  // What is left of the divergence is rounding; a channel may still stand out among such numbers, but not by its own statistics.
  for (const name of ['running_mean', 'running_var']) {
    const value = net.graph.initializers.get(`${NORM}.${name}`) as Tensor;
    const changed = Float32Array.from(floats(value));
    if (name === 'running_mean') changed[7] += 3 * Math.sqrt(floats(net.graph.initializers.get(`${NORM}.running_var`) as Tensor)[7]);
    else changed[7] *= 50;
    const repair = await bnp.repair(
      { model: withParameters(net, { [`${NORM}.${name}`]: float32([16], changed) }), clean },
      options,
      context,
    );
    assert.deepEqual(repair.pruned[NORM], [7]);
    for (const parameter of ['weight', 'bias']) {
      const [before, after] = [none.model, repair.model].map((m) => floats(m.graph.initializers.get(`${NORM}.${parameter}`) as Tensor));
      assert.equal(after[7], 0);
      assert.equal(after[6], before[6]);
    }
  }
});

test('a model without batch normalisation is refused', async () => {
  const model = brightnessClassifier(3, [1, 8, 8]);
  await assert.rejects(bnp.repair({ model, clean }, options, context), /has no batch normalisation.*use another defence/);
});
