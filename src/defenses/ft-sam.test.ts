import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { batches } from '../data/batches.js';
import { type Classifier, withParameters } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import { preActResNet } from '../nn/preactresnet.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpDataset } from '../testing/dataset.js';
import { sgd } from '../train/optimizers/sgd.js';
import { TrainingStep } from '../train/step.js';
import { ftSam, sharpnessStep } from './ft-sam.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const noise = new Random(9);
const made = madeUpDataset(8, 3, [1, 8, 8]);
const clean = { ...made, images: made.images.map(() => noise.below(256)) };
const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1, 1], seed: 5 });
const names = learnedParameters(model.graph);
const [batch] = batches(clean, { batchSize: 12, random: new Random(2) }).epoch(0);
const optimizer = sgd({ momentum: 0 });
const RATE = 0.01;

const valuesOf = (classifier: Classifier, name: string) => floats(classifier.graph.initializers.get(name) as Tensor);

/** The gradient of the cross-entropy, told from one step of plain SGD. */
async function gradients(classifier: Classifier): Promise<Record<string, Float64Array>> {
  const step = await TrainingStep.compile(engine, classifier, { batchSize: 12, optimizer });
  await step.run(batch, 1);
  const after = await step.classifier();
  await step.release();
  return Object.fromEntries(
    names.map((name) => [name, Float64Array.from(valuesOf(classifier, name), (value, i) => value - valuesOf(after, name)[i])]),
  );
}

for (const adaptive of [true, false]) {
  test(`a step goes down the gradient at the moved weights (${adaptive ? 'adaptive' : 'plain'})`, async () => {
    const rho = adaptive ? 0.5 : 0.05;
    const g = await gradients(model);
    const length = Math.hypot(
      ...names.flatMap((name) => Array.from(g[name], (value, i) => (adaptive ? Math.abs(valuesOf(model, name)[i]) : 1) * value)),
    );
    const moved = names.map((name): [string, Tensor] => {
      const { dims } = model.graph.initializers.get(name) as Tensor;
      const at = Array.from(valuesOf(model, name), (value, i) => value + (rho * (adaptive ? value * value : 1) * g[name][i]) / length);
      return [name, float32(dims, at)];
    });
    const expected = await gradients(withParameters(model, Object.fromEntries(moved)));

    const step = await sharpnessStep({ rho, label_smoothing: 0, adaptive })(engine, model, { batchSize: 12, optimizer });
    await step.run(batch, RATE);
    const after = await step.classifier();
    await step.release();
    for (const name of names) {
      const found = Array.from(valuesOf(model, name), (value, i) => (value - valuesOf(after, name)[i]) / RATE);
      const size = Math.hypot(...expected[name]);
      const error = Math.hypot(...found.map((value, i) => value - expected[name][i]));
      assert.ok(error < 2e-3 * Math.max(size, 0.05), `${name}: off by ${error} of ${size}`);
    }
  });
}

test('running statistics are those of the first pass', async () => {
  const sharp = await sharpnessStep({ rho: 2, label_smoothing: 0.1, adaptive: true })(engine, model, { batchSize: 12, optimizer });
  const plain = await TrainingStep.compile(engine, model, { batchSize: 12, optimizer });
  const read = async (step: typeof sharp) => {
    await step.run(batch, 0);
    const classifier = await step.classifier();
    await step.release();
    return [...classifier.graph.initializers].filter(([name]) => name.includes('running'));
  };
  const [found, expected] = [await read(sharp), await read(plain)];
  assert.ok(found.length > 0);
  found.forEach(([name, value], i) => {
    floats(value).forEach((number, k) => {
      assert.ok(Math.abs(number - floats(expected[i][1])[k]) < 1e-5, name);
    });
  });
});

test('repairs, the same for the same seed', async () => {
  const options = ftSam.options.parse({ epochs: 2, batch_size: 12 });
  const run = () => ftSam.repair({ model, clean }, options, { engine, random: new Random(1) });
  const [a, b] = [await run(), await run()];
  assert.equal(a.history.length, 2);
  assert.deepEqual(a.model.graph.initializers, b.model.graph.initializers);
});
