import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../core/random.js';
import { batches } from '../../data/batches.js';
import { type Dataset, subset } from '../../data/dataset.js';
import { convLayers } from '../../nn/feature-maps.js';
import { unitPixels } from '../../nn/pixels.js';
import { preActResNet } from '../../nn/preactresnet.js';
import type { Engine } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { train } from '../../train/loop.js';
import { sgd } from '../../train/optimizers/sgd.js';
import { constantRate } from '../../train/schedules.js';
import { marginsOf, RaceModel } from './race-model.js';
import { type ScanImages, type ScanResult, scan } from './scan.js';
import { select } from './select.js';

/** Margins of many maps on many images, drawn from the model itself. */
function drawn(random: Random, maps: number, images: number, spread: number) {
  const mean = Float64Array.from({ length: images }, () => 2 * random.normal());
  const variance = Float64Array.from({ length: images }, () => random.between(0.2, 2));
  const rows = Array.from({ length: maps }, () => {
    const severity = spread * random.normal();
    return mean.map((m, i) => m - Math.sqrt(variance[i]) * (severity + random.normal()));
  });
  return { known: { mean, variance }, rows };
}

/** Images with a bright stripe, whose place is the class, under so much noise that some cannot be told apart. */
function noisyStripes(perClass: number, classes: number): Dataset {
  const made = madeUpDataset(perClass, classes, [1, 8, 8]);
  const random = new Random(3);
  const images = made.images.map((_, i) => {
    const [row, label] = [Math.floor((i % 64) / 8), made.labels[Math.floor(i / 64)]];
    return Math.round(Math.min(255, Math.max(0, 128 + (row % classes === label ? 40 : 0) + 60 * random.normal())));
  });
  return { ...made, images };
}

describe('the forecast of a race', () => {
  const random = new Random(5);
  const { known, rows } = drawn(random, 200, 128, 0.5);
  const seen = rows.map((row) => row.map((margin, i) => (i % 4 === 0 ? margin : Number.NaN)));
  const model = new RaceModel(seen, known);
  model.fit();
  const wrong = rows.map((row) => row.filter((margin) => margin < 0).length);

  it('is right on average, and off by as much as it says', () => {
    const off = rows.map((_, map) => {
      const { mean, variance } = model.forecast(map);
      return (wrong[map] - mean) / Math.sqrt(variance);
    });
    const mean = off.reduce((sum, z) => sum + z, 0) / off.length;
    const square = off.reduce((sum, z) => sum + z * z, 0) / off.length;
    // Of 200 standard normal numbers, the mean has a deviation of 0.07 and the mean square one of 0.1.
    assert.ok(Math.abs(mean) < 0.3, `mean ${mean}`);
    assert.ok(square > 0.7 && square < 1.3, `mean square ${square}`);
  });

  it('is certain of what was seen', () => {
    const all = new RaceModel(rows, known);
    all.fit();
    rows.forEach((_, map) => {
      assert.deepEqual(all.forecast(map), { mean: wrong[map], variance: 0 });
    });
  });

  it('asks first for images of which it is least certain', () => {
    const order = model.byInformation([]);
    const doubt = (image: number) => Math.abs(known.mean[image]) / Math.sqrt(known.variance[image]);
    const average = (images: number[]) => images.reduce((sum, image) => sum + doubt(image), 0) / images.length;
    assert.equal(new Set(order).size, 128);
    assert.ok(average(order.slice(0, 32)) < average(order.slice(32, 64)));
    assert.ok(average(order.slice(32, 64)) < average(order.slice(96)));
  });

  it('learns what images are like', () => {
    const { mean, variance } = marginsOf(rows);
    const vague = { mean: new Float64Array(128), variance: new Float64Array(128).fill(1) };
    const learning = new RaceModel(rows, vague);
    learning.fit();
    const learned = learning.margins();
    const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((value, i) => value - b[i]));
    assert.ok(distance(learned.mean, mean) < distance(vague.mean, mean) / 3);
    assert.ok(distance(learned.variance, variance) < distance(vague.variance, variance));
  });
});

describe('a race', () => {
  const data = noisyStripes(192, 3);
  const untrained = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 16, depths: [1, 1], seed: 5 });
  const layers = convLayers(untrained.graph);
  const sample = subset(
    data,
    Array.from({ length: 192 }, (_, i) => i),
    'scanned',
  );
  const images: ScanImages = { pixels: unitPixels(sample.images, data.imageShape), labels: sample.labels };
  const wanted = 2;
  const rule = { p: 1000, minPerLayer: wanted };
  const chosen = (found: ScanResult, layer: string) =>
    select(
      found[layer].map(({ accuracy, loss }, channel) => ({ channel, suspicion: 1 - accuracy, loss })),
      rule,
    );
  let engine: Engine;
  let exact: ScanResult;
  let raced: ScanResult;

  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
    const source = batches(data, { batchSize: 32, random: new Random(1) });
    const { classifier: model } = await train(engine, untrained, source, { epochs: 2, optimizer: sgd(), schedule: constantRate(0.02) });
    const scanWith = (race?: { wanted: () => number; error: number }) =>
      scan(engine, model, layers, images, { eps: 0.08, alpha: 0.03, steps: 1, random: new Random(2), race });
    exact = await scanWith();
    raced = await scanWith({ wanted: () => wanted, error: 0.05 });
  });
  after(() => engine.close());

  it('ends with the maps of the exact scan, after fewer images', () => {
    let [same, images] = [0, 0];
    for (const { name, channels } of layers) {
      same += chosen(raced, name).filter((channel) => chosen(exact, name).includes(channel)).length;
      images += raced[name].reduce((sum, fate) => sum + fate.images, 0) / channels;
    }
    assert.ok(same >= 0.95 * wanted * layers.length, `${same} of ${wanted * layers.length} maps`);
    assert.ok(images / layers.length < 0.75 * 192, `${images / layers.length} images a map`);
  });

  it('knows of every map that goes through to the end just what the exact scan knows', () => {
    let finished = 0;
    for (const { name } of layers) {
      raced[name].forEach((fate, channel) => {
        if (fate.images < 192) return;
        finished++;
        assert.equal(fate.accuracy, exact[name][channel].accuracy);
        assert.ok(Math.abs(fate.loss - exact[name][channel].loss) < 1e-5);
      });
    }
    assert.ok(finished >= wanted * layers.length);
  });

  it('forecasts what becomes of those that it drops', () => {
    const dropped = layers.flatMap(({ name }) =>
      raced[name].flatMap((fate, channel) => (fate.images < 192 ? [fate.accuracy - exact[name][channel].accuracy] : [])),
    );
    assert.ok(dropped.length > 0);
    const bias = dropped.reduce((sum, off) => sum + off, 0) / dropped.length;
    assert.ok(Math.abs(bias) < 0.05, `off by ${bias} on average`);
  });
});
