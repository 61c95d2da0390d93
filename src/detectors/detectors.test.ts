import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32 } from '../core/tensor.js';
import { chanceOfLowest } from '../defenses/inversion/outlier-test.js';
import type { Classifier } from '../nn/classifier.js';
import { GraphBuilder } from '../onnx/builder.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpDataset } from '../testing/dataset.js';
import { shortcutClassifier } from '../testing/shortcut.js';
import { detectors } from './registry.js';
import { summarize } from './repeats.js';
import { judge, verdictOf } from './verdict.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const made = madeUpDataset(20, 3, [1, 8, 8]);
/** Grey images whose brightness is their class, with a dark corner, where the made classifier's shortcut is. */
const clean = {
  ...made,
  images: made.images.map((_, i) => (i % 64 === 63 ? 0 : 20 + 70 * made.labels[Math.floor(i / 64)] + ((i * 7) % 30))),
};
const small: Record<string, unknown> = {
  nc_families: ['patch'],
  nc_images: 16,
  nc_steps: 60,
  nc_repeats: 2,
  push_images: 12,
  push_eps: 0.3,
  push_repeats: 2,
};

/** Two maps over the whole image: one tells bright from dark a little, the other sees the corner alone and leads to class 2. */
function cornerClassifier(): Classifier {
  const builder = new GraphBuilder('corner');
  const filters = float32(
    [2, 1, 8, 8],
    Array.from({ length: 128 }, (_, i) => (i < 64 ? 0.05 : i === 127 ? 40 : 0)),
  );
  const pixels = builder.input('pixels', 'float32', ['N', 1, 8, 8]);
  const maps = builder.conv(pixels, builder.parameter('weight', filters), { kernel: [8, 8] }, undefined, 'conv');
  const bias = builder.parameter('bias', float32([3], [0, -1.2, -4]));
  const logits = builder.gemm(builder.flatten(maps), builder.parameter('linear', float32([2, 3], [0, 1, 0, 0, 0, 1])), bias);
  builder.output(logits, 'logits', 'float32', ['N', 3]);
  return { name: 'corner', graph: builder.build(), imageShape: [1, 8, 8], classes: 3 };
}

/** Six classes: the corner leads to class 2, nothing to class 5, and pixels at random, half of them a class, to the others. */
function unreachableClassifier(): Classifier {
  const random = new Random(2);
  const builder = new GraphBuilder('unreachable');
  const pixels = builder.input('pixels', 'float32', ['N', 1, 8, 8]);
  const weight = Array.from({ length: 6 * 64 }, (_, i) => {
    const [label, pixel] = [Math.floor(i / 64), i % 64];
    if (label === 2 || label === 5) return label === 2 && pixel === 63 ? 60 : 0;
    return random.uniform() < 0.5 ? 0.5 : -0.5;
  });
  const bias = builder.parameter('bias', float32([6], [0, 0, -4, 0, 0, -1e4]));
  const logits = builder.gemm(builder.flatten(pixels), builder.parameter('weight', float32([6, 64], weight)), bias, { transB: true });
  builder.output(logits, 'logits', 'float32', ['N', 6]);
  return { name: 'unreachable', graph: builder.build(), imageShape: [1, 8, 8], classes: 6 };
}

describe('every detector', () => {
  const models = { 'neural-cleanse': shortcutClassifier(), 'map-collapse': cornerClassifier() };
  test('is tested', () =>
    assert.deepEqual(
      detectors.map(({ name }) => name),
      Object.keys(models),
    ));
  for (const detector of detectors) {
    const known = Object.keys(detector.options.shape);
    const options = detector.options.parse(Object.fromEntries(Object.entries(small).filter(([name]) => known.includes(name))));
    const model = models[detector.name as keyof typeof models];
    const run = () => detector.detect({ model, clean }, options, { engine, random: new Random(1) });

    test(`${detector.name} finds the class with a shortcut, and says why`, async () => {
      const [finding] = await run();
      assert.equal(finding.target, 2);
      assert.equal(finding.classes.length, 3);
      assert.equal(finding.repeats.length, 2);
      assert.ok(finding.repeats.every(({ target }) => target === 2));
      assert.match(finding.statement, /class 2/);
    });

    test(`${detector.name} says the same for the same seed`, async () => {
      const plain = (findings: Awaited<ReturnType<typeof run>>) => findings.map(({ apply: _, ...rest }) => rest);
      assert.deepEqual(plain(await run()), plain(await run()));
    });
  }

  test('a class that no change leads to does not hide the one that stands out', async () => {
    const options = detectors[0].options.parse({ nc_families: ['patch'], nc_images: 16, nc_steps: 60, nc_repeats: 1 });
    const [{ classes, chance, target }] = await detectors[0].detect({ model: unreachableClassifier(), clean }, options, {
      engine,
      random: new Random(1),
    });
    assert.equal(target, 2);
    assert.equal(chance, chanceOfLowest(classes.slice(0, 5)));
    assert.ok((chance as number) < (chanceOfLowest(classes) as number) / 2, `${chance}, ${classes}`);
  });

  test('shows a trigger that it can lay over images', async () => {
    const options = detectors[0].options.parse({ nc_families: ['patch'], nc_images: 16, nc_steps: 60, nc_repeats: 1 });
    const [{ apply }] = await detectors[0].detect({ model: shortcutClassifier(), clean }, options, { engine, random: new Random(1) });
    const grey = float32([1, 1, 8, 8], new Float32Array(64).fill(0.3));
    const changed = await apply?.(grey);
    assert.ok(changed && changed.data[63] > 0.6, 'the corner is bright');
    assert.ok(Math.abs(changed.data[0] - 0.3) < 0.15, 'the rest is much as it was');
  });
});

describe('a verdict', () => {
  const finding = (target: number, statistics: readonly number[], chance?: number, targets?: readonly number[]) => ({
    sought: 'a small patch',
    target,
    statistic: statistics[0],
    repeats: statistics.map((statistic, i) => ({ target: targets?.[i] ?? target, statistic })),
    threshold: 2,
    chance,
    classes: [],
    measure: '',
    statement: '',
  });
  const levels = (...findings: ReturnType<typeof finding>[]) => judge(findings).map(({ level }) => level);

  test('rests on the chance where one is known, corrected for the number of looks', () => {
    assert.deepEqual(levels(finding(1, [9], 0.04)), ['likely']);
    assert.deepEqual(levels(finding(1, [9], 0.04), finding(2, [9], 0.5)), ['possible', 'clear']);
    assert.deepEqual(levels(finding(1, [9], 0.02), finding(2, [9], 0.5)), ['likely', 'clear']);
  });

  test('rests on the threshold where none is, and is no more than possible', () => {
    assert.deepEqual(levels(finding(1, [2, 3])), ['possible']);
    assert.deepEqual(levels(finding(1, [2, 1.9])), ['possible']);
    assert.deepEqual(levels(finding(1, [1, 1.9])), ['clear']);
  });

  test('is no more than possible where repeats name different classes', () => {
    assert.deepEqual(levels(finding(1, [9, 9], 0.001, [1, 2])), ['possible']);
  });

  test('is the strongest there is, for the class that most of these name', () => {
    const judged = judge([finding(4, [5], 0.001), finding(7, [3], 0.001), finding(7, [3], 0.001), finding(2, [9], 0.04)]);
    assert.deepEqual(verdictOf(judged), { level: 'likely', target: 7 });
    assert.deepEqual(verdictOf(judge([finding(1, [1])])), { level: 'clear' });
  });

  test('of repeats takes the most frequent class and the median', () => {
    const repeats = [
      { target: 3, statistic: 9 },
      { target: 1, statistic: 2 },
      { target: 1, statistic: 4 },
    ];
    assert.deepEqual(summarize(repeats), { target: 1, statistic: 4 });
    assert.deepEqual(summarize(repeats.slice(0, 2)), { target: 3, statistic: 5.5 });
  });
});
