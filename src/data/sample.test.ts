import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { madeUpDataset } from '../testing/dataset.js';
import { type Dataset, pixelsPerImage, subset } from './dataset.js';
import { split, stratified } from './sample.js';

const dataset = madeUpDataset(25, 4);

/** Positions that the images had in the made-up data set. */
function origins(part: Dataset): number[] {
  const size = pixelsPerImage(part);
  return Array.from(part.labels, (_, i) => part.images[i * size]);
}

function classCounts(part: Dataset): number[] {
  return part.classes.map((_, label) => part.labels.filter((other) => other === label).length);
}

test('a ratio takes floor(ratio N / K) different images of each class, in class order', () => {
  const part = stratified(dataset, { ratio: 0.29 }, new Random(1));
  assert.deepEqual(classCounts(part), [7, 7, 7, 7]);
  assert.deepEqual([...part.labels], [...part.labels].sort());
  assert.equal(new Set(origins(part)).size, 28);
  assert.deepEqual(
    origins(part).map((i) => i % 4),
    [...part.labels],
  );
});

test('a ratio whose product falls just under a whole number is not short of one image', () => {
  assert.ok(0.29 * 100 < 29);
  assert.deepEqual(classCounts(stratified(madeUpDataset(100, 1), { ratio: 0.29 }, new Random(1))), [29]);
});

test('a count is met exactly, with class sizes that differ by one at most', () => {
  const part = stratified(dataset, { count: 10 }, new Random(3));
  assert.deepEqual(classCounts(part).sort(), [2, 2, 3, 3]);
});

test('sampling depends on the seed and on nothing else', () => {
  const draw = (seed: number) => origins(stratified(dataset, { ratio: 0.2 }, new Random(seed)));
  const used = new Random(1);
  used.uniform();
  assert.deepEqual(draw(1), draw(1));
  assert.deepEqual(origins(stratified(dataset, { ratio: 0.2 }, used)), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

test('amounts that cannot be met are user errors', () => {
  const short = subset(dataset, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10], 'short');
  const random = new Random(1);
  assert.throws(
    () => stratified(short, { count: 8 }, random),
    new UserError("class 'class 3' of made-up (short) has 1 image, but 2 are needed; choose a smaller amount or more data"),
  );
  assert.throws(() => stratified(dataset, { ratio: 0.03 }, random), /none for each of 4 classes; choose at least 0.04/);
  for (const ratio of [0, -1, 1.01, Number.NaN]) assert.throws(() => stratified(dataset, { ratio }, random), UserError);
  for (const count of [0, 2.5, Number.NaN]) assert.throws(() => stratified(dataset, { count }, random), UserError);
});

test('a split is class-proportional, complete and without overlap', () => {
  const { held, rest } = split(dataset, 0.2, new Random(5));
  assert.deepEqual(classCounts(held), [5, 5, 5, 5]);
  assert.deepEqual(classCounts(rest), [20, 20, 20, 20]);
  const all = [...origins(held), ...origins(rest)].sort((a, b) => a - b);
  assert.deepEqual(
    all,
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('a split leaves an image of each class on both sides, and says so where it cannot', () => {
  const tiny = madeUpDataset(2, 3);
  for (const fraction of [0.01, 0.99]) {
    const { held, rest } = split(tiny, fraction, new Random(5));
    assert.deepEqual(
      [classCounts(held), classCounts(rest)],
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
    );
  }
  assert.throws(() => split(madeUpDataset(1, 3), 0.5, new Random(5)), /has 1 image, but 2 are needed/);
  for (const fraction of [0, 1, Number.NaN]) assert.throws(() => split(dataset, fraction, new Random(5)), UserError);
});
