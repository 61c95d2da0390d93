import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { floats, type Tensor } from '../core/tensor.js';
import { type Classifier, portsOf } from '../nn/classifier.js';
import { unitPixels } from '../nn/pixels.js';
import { preActResNet } from '../nn/preactresnet.js';
import { runOnce } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpDataset } from '../testing/dataset.js';
import { prepareFineTune } from './fine-tune.js';
import { nad } from './nad.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const noise = new Random(9);
const made = madeUpDataset(16, 3, [1, 8, 8]);
const clean = { ...made, images: made.images.map(() => noise.below(256)) };
const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1, 1], seed: 5 });
const context = () => ({ engine, random: new Random(1) });
const small = { te_epochs: 4, epochs: 4, batch_size: 12, lr: 0.05, beta: [0, 0] };

/** Attention of the last convolution, Σ_c f², each image's divided by its length. */
async function attention(classifier: Classifier): Promise<number[][]> {
  const graph = { ...classifier.graph, outputs: [{ name: 'layer2.0.conv2' }] };
  const feeds = { [portsOf(classifier).input]: unitPixels(clean.images, clean.imageShape) };
  const { dims, data } = (await runOnce(engine, graph, feeds))['layer2.0.conv2'];
  const [images, channels, height, width] = dims;
  return Array.from({ length: images }, (_, image) => {
    const map = Array.from({ length: height * width }, (_, q) => {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += Number(data[(image * channels + c) * height * width + q]) ** 2;
      return sum;
    });
    const length = Math.hypot(...map);
    return map.map((value) => value / length);
  });
}

const distance = (a: number[][], b: number[][]) => Math.hypot(...a.flatMap((map, i) => map.map((value, q) => value - b[i][q])));

test('without weight on attention it is plain fine-tuning', async () => {
  const repair = await nad.repair({ model, clean }, nad.options.parse(small), context());
  const tuned = await prepareFineTune(clean, nad.options.parse(small), context())(model);
  for (const [name, value] of tuned.classifier.graph.initializers) {
    const found = floats(repair.model.graph.initializers.get(name) as Tensor);
    floats(value).forEach((number, i) => {
      assert.ok(Math.abs(found[i] - number) < 1e-3 * Math.max(1, Math.abs(number)), `${name}: ${found[i]} instead of ${number}`);
    });
  }
});

test('with weight on attention it comes nearer to the teacher', async () => {
  // The teacher learns longer than the student, which alone stays behind.
  const slow = { ...small, te_epochs: 30, epochs: 3, lr: 0.005 };
  const teacher = await prepareFineTune(
    clean,
    { ...nad.options.parse(slow), epochs: slow.te_epochs },
    { ...context(), random: new Random(1).fork('teacher') },
  )(model);
  const aim = await attention(teacher.classifier);
  const [free, held] = await Promise.all(
    [0, 100].map(async (weight) => {
      const repair = await nad.repair({ model, clean }, nad.options.parse({ ...slow, beta: [weight, weight] }), context());
      return distance(await attention(repair.model), aim);
    }),
  );
  assert.ok(held < 0.9 * free, `${held} against ${free}`);
});

test('more weights than there are resolutions are refused', async () => {
  await assert.rejects(
    nad.repair({ model, clean }, nad.options.parse({ ...small, te_epochs: 1, beta: [1, 1, 1, 1] }), context()),
    /--beta; give as many/,
  );
});
