import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { madeUpDataset } from '../testing/dataset.js';
import type { Batch } from '../train/batch.js';
import { randomCrop } from './augment.js';
import { batches } from './batches.js';

const dataset = madeUpDataset(5, 3, [2, 2, 3]);
const PIXELS = 12;

/** Positions that a batch's images had in the made-up data set. */
function origins({ images }: Batch): number[] {
  return Array.from({ length: images.dims[0] }, (_, i) => Math.round(images.data[i * PIXELS] * 255));
}

test('batches hold pixels over 255 and one-hot targets', () => {
  const [first, ...others] = batches(dataset, { batchSize: 4, random: new Random(1), shuffle: false }).epoch(0);
  assert.equal(others.length, 2);
  assert.deepEqual(first.images.dims, [4, 2, 2, 3]);
  assert.deepEqual(first.targets.dims, [4, 3]);
  assert.deepEqual([...first.targets.data], [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
  for (let i = 0; i < first.images.data.length; i++) assert.equal(first.images.data[i], Math.fround(Math.floor(i / PIXELS) / 255));
});

test('a shuffled epoch holds every image once, less the incomplete batch, with its own label', () => {
  const source = batches(dataset, { batchSize: 4, random: new Random(1) });
  assert.equal(source.batchesPerEpoch, 3);
  const epoch = [...source.epoch(0)];
  const seen = epoch.flatMap(origins);
  assert.equal(new Set(seen).size, 12);
  assert.notDeepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  for (const batch of epoch) {
    origins(batch).forEach((origin, i) => {
      assert.equal(batch.targets.data[i * 3 + (origin % 3)], 1);
    });
  }
});

test('an epoch depends on its number and the seed alone', () => {
  const augment = randomCrop(1);
  const make = (seed: number) => batches(dataset, { batchSize: 4, random: new Random(seed), augment });
  const whole = make(1);
  const epochs = [0, 1, 2].map((number) => [...whole.epoch(number)]);
  assert.deepEqual([...make(1).epoch(2)], epochs[2]);
  assert.notDeepEqual(epochs[0], epochs[1]);
  assert.notDeepEqual([...make(2).epoch(0)], epochs[0]);
});

test('augmentation changes what is trained on, not the data set', () => {
  const before = dataset.images.slice();
  const black = (image: Uint8Array) => void image.fill(0);
  const [batch] = batches(dataset, { batchSize: 15, random: new Random(1), augment: black }).epoch(0);
  assert.ok(batch.images.data.every((value) => value === 0));
  assert.deepEqual(dataset.images, before);
});

test('leaves alone what is not to be augmented', () => {
  const black = (image: Uint8Array) => void image.fill(0);
  const [batch] = batches(dataset, { batchSize: 15, random: new Random(1), augment: black, augmented: 6 }).epoch(0);
  assert.deepEqual(
    origins(batch).toSorted((a, b) => a - b),
    [0, 0, 0, 0, 0, 0, 6, 7, 8, 9, 10, 11, 12, 13, 14],
  );
});

test('a data set smaller than a batch is a user error', () => {
  const random = new Random(1);
  assert.throws(
    () => batches(dataset, { batchSize: 16, random }),
    new UserError('made-up (train) has 15 images, too few for one batch of 16; choose a batch size of 15 or less'),
  );
  for (const batchSize of [0, 1.5]) assert.throws(() => batches(dataset, { batchSize, random }), UserError);
});
