import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, full, type Tensor } from '../core/tensor.js';
import { batches } from '../data/batches.js';
import { batchNorms } from '../nn/batch-norms.js';
import type { Classifier } from '../nn/classifier.js';
import { preActResNet } from '../nn/preactresnet.js';
import { createEngine } from '../runtime/node/engine.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { madeUpDataset } from '../testing/dataset.js';
import { anp } from './anp.js';
import { compileMaskStep } from './anp-step.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const noise = new Random(9);
const made = madeUpDataset(16, 3, [1, 8, 8]);
const clean = { ...made, images: made.images.map(() => noise.below(256)) };
const net = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1, 1], seed: 5 });
const norms = batchNorms(net.graph);
const [batch] = batches(clean, { batchSize: 12, random: new Random(2) }).epoch(0);
const context = () => ({ engine, random: new Random(1) });
const small = { iterations: 12, batch_size: 12, lr: 0.2 };

const still = () =>
  Object.fromEntries(norms.flatMap(({ channels }, i) => ['delta', 'xi'].map((kind) => [`${kind}:${i}`, full([channels], 0)])));

/** Loss of the step at given disturbances, with α = 0 and no ascent. */
async function lossAt(model: Classifier, start: Record<string, Tensor>): Promise<number> {
  const step = await compileMaskStep(engine, model, norms, { batchSize: 12, eps: 0, alpha: 0 });
  const { loss } = await step.run(batch, start, 0);
  await step.release();
  return loss;
}

test('masks move down the gradient of the loss', async () => {
  const rate = 0.01;
  const step = await compileMaskStep(engine, net, norms, { batchSize: 12, eps: 0, alpha: 0.3 });
  await step.run(batch, still(), rate);
  const masks = await step.masks();
  await step.release();
  // Disturbing the scale by δ does to the loss what changing the mask by δ does, so finite differences of one tell the other.
  for (const [norm, channel] of [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 1],
    [3, 0],
    [3, 3],
  ]) {
    const at = async (change: number) => {
      const delta = Float32Array.from({ length: norms[norm].channels }, (_, c) => (c === channel ? change : 0));
      return lossAt(net, { ...still(), [`delta:${norm}`]: float32([delta.length], delta) });
    };
    const slope = ((await at(0.005)) - (await at(-0.005))) / 0.01;
    // A mask is clipped at 1, where it starts.
    const moved = (1 - masks[norms[norm].name][channel]) / rate;
    assert.ok(Math.abs(moved - Math.max(0, slope)) < 3e-4, `normalisation ${norm}, channel ${channel}: ${moved} instead of ${slope}`);
  }
});

test('disturbances are moved to where the loss is higher', async () => {
  const [calm, disturbed] = await Promise.all(
    [0, 0.3].map(async (eps) => {
      const step = await compileMaskStep(engine, net, norms, { batchSize: 12, eps, alpha: 0 });
      const { loss } = await step.run(batch, still(), 0);
      await step.release();
      return loss;
    }),
  );
  assert.ok(disturbed > calm + 1e-3, `${disturbed} against ${calm}`);
});

test('silences the scale of channels under the threshold and leaves the rest as it was', async () => {
  const options = anp.options.parse({ ...small, acc_ratio: 0.99 });
  const repair = await anp.repair({ model: net, clean }, options, context());
  assert.ok(Object.values(repair.pruned).some((channels) => channels.length > 0));
  for (const { name, scale, shift } of norms) {
    const [before, after] = [net, repair.model].map(({ graph }) => floats(graph.initializers.get(scale) as Tensor));
    assert.deepEqual(
      Array.from(after),
      Array.from(before, (value, channel) => (repair.pruned[name].includes(channel) ? 0 : value)),
    );
    assert.equal(repair.model.graph.initializers.get(shift), net.graph.initializers.get(shift));
  }
  assert.match(repair.rule, /held-out clean images/);
});

test('prunes nothing where nothing may be lost', async () => {
  const repair = await anp.repair({ model: net, clean }, anp.options.parse({ ...small, acc_ratio: 0 }), context());
  assert.ok(Object.values(repair.pruned).every((channels) => channels.length === 0));
  assert.deepEqual(repair.model.graph.initializers, net.graph.initializers);
});

test('gives the same masks for the same seed', async () => {
  const runs = await Promise.all([1, 2].map(() => anp.repair({ model: net, clean }, anp.options.parse(small), context())));
  assert.deepEqual(runs[0].model.graph.initializers, runs[1].model.graph.initializers);
});

test('a model without batch normalisation is refused', async () => {
  const model = brightnessClassifier(3, [1, 8, 8]);
  await assert.rejects(anp.repair({ model, clean }, anp.options.parse({}), context()), /has no batch normalisation.*use another defence/);
});
