import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { float32, floats } from '../../../core/tensor.js';
import { portsOf } from '../../../nn/classifier.js';
import { convLayers } from '../../../nn/feature-maps.js';
import { unitPixels } from '../../../nn/pixels.js';
import { preActResNet } from '../../../nn/preactresnet.js';
import { type Engine, runOnce } from '../../../runtime/engine.js';
import { createEngine } from '../../../runtime/node/engine.js';
import { madeUpDataset } from '../../../testing/dataset.js';
import { shortcutClassifier } from '../../../testing/shortcut.js';
import { Ranking } from '../rank.js';
import { Tally } from '../tally.js';
import { LayerPush } from './push.js';
import { pushedProbabilities } from './pushed.js';

describe('what rankings are made of', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());

  const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1, 1], seed: 5 });
  const { images, imageShape } = madeUpDataset(4, 3, [1, 8, 8]);
  const pixels = unitPixels(images, imageShape);

  it('pushes a map up by one change that all images share and that stays within its bound', async () => {
    const layer = convLayers(model.graph)[3];
    const eps = 0.1;
    const push = await LayerPush.compile(engine, model, layer, pixels, 2, { eps, steps: 3 });
    const change = await push.run([2, 5]);
    await push.release();
    assert.deepEqual(change.dims, [2, 1, 1, 8, 8]);
    assert.ok(change.data.every((value) => Math.abs(value) <= eps + 1e-6));
    for (const [index, channel] of [2, 5].entries()) {
      const [before, pushed] = [await peak(layer.output, channel), await peak(layer.output, channel, change.data.subarray(index * 64))];
      assert.ok(pushed > before + 0.002, `map ${channel}: from ${before} to ${pushed}`);
    }
  });

  /** Mean over images of a map's largest value. */
  async function peak(output: string, channel: number, change?: Float32Array): Promise<number> {
    const moved = pixels.data.map((pixel, i) => Math.min(1, Math.max(0, pixel + (change?.[i % 64] ?? 0))));
    const graph = { ...model.graph, outputs: [{ name: output }] };
    const found = (await runOnce(engine, graph, { [portsOf(model).input]: float32(pixels.dims, moved) }))[output];
    const [count, channels, height, width] = found.dims;
    const largest = (image: number) => {
      const start = (image * channels + channel) * height * width;
      return Math.max(...floats(found).subarray(start, start + height * width));
    };
    return Array.from({ length: count }, (_, image) => largest(image)).reduce((sum, value) => sum + value, 0) / count;
  }

  it('says how many images of other classes a push sends where', async () => {
    const classifier = shortcutClassifier();
    const grey = float32([3, 1, 8, 8], new Float32Array(192).fill(0.4));
    const found = await pushedProbabilities(engine, classifier, convLayers(classifier.graph), grey, [0, 1, 2], {
      eps: 0.3,
      steps: 3,
      rows: 6,
    });
    // The peak of a grey image is everywhere, so all of it becomes brighter, and the jump at the corner follows.
    const [first] = [0].map((channel) => found.conv.subarray(channel * 3, channel * 3 + 3));
    assert.ok(first[2] > 0.9, `probabilities ${first}`);
    assert.equal(found.conv.length, 9);
  });

  it('counts as collapse the largest share of images of other classes that is taken for one class', async () => {
    const classifier = shortcutClassifier();
    const corner = (value: number) => Array.from({ length: 64 }, (_, i) => (i === 63 ? value : 0.5));
    const clean = float32([4, 1, 8, 8], [...corner(0), ...corner(0), ...corner(0), ...corner(0)]);
    // Two of the three images that are not of class 2 get its trigger, and so does the one that is.
    const change = float32(
      [1, 4, 1, 8, 8],
      [1, 1, 0, 1].flatMap((on) => corner(on).map((value, i) => (i === 63 ? value : 0))),
    );
    const labels = [0, 1, 1, 2];
    const ranking = await Ranking.compile(engine, classifier, 4);
    await ranking.prepare(clean, labels);
    const { predicted, losses } = await ranking.run(change);
    await ranking.release();
    const tally = new Tally(3);
    labels.forEach((label, image) => {
      tally.add(label, predicted[image], losses[image]);
    });
    const { collapse } = tally.fate();
    assert.ok(Math.abs(collapse - 2 / 3) < 1e-6, `collapse ${collapse}`);
  });
});
