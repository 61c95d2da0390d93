import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { madeUpDataset } from '../testing/dataset.js';
import { countIn, perBatch, poisonBatches } from './batch-poison.js';
import { staticTrigger } from './static-trigger.js';

const shares = (pratio: number, cross = 0) => ({ pratio, crossCount: (poisoned: number) => cross * poisoned });

test('the number of poisoned images is rounded down, but not by the rounding of the product', () => {
  assert.deepEqual(perBatch(128, shares(0.1)), { poisoned: 12, cross: 0 });
  assert.deepEqual(perBatch(100, shares(0.29, 2)), { poisoned: 29, cross: 58 });
  assert.equal(countIn(100, 0.29, new Random(1)), 29);
});

test('where the ratio gives less than one image, some batches get one', () => {
  assert.deepEqual(perBatch(20, shares(0.01, 2)), { poisoned: 0.2, cross: 0.4 });
  const random = new Random(1);
  const counts = Array.from({ length: 1000 }, () => countIn(20, 0.01, random));
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  assert.ok(Math.abs(mean - 0.2) < 0.04, `on average ${mean}`);
  assert.ok(counts.every((count) => count === 0 || count === 1));
});

test('the first images of a batch are poisoned, the next changed, and augmentation comes last', () => {
  const train = madeUpDataset(4, 3, [1, 1, 2]);
  const trigger = staticTrigger({ kind: 'test' }, train.imageShape, (image) => image.map((value) => value + 100));
  const poisoned = poisonBatches(train, {
    ...shares(0.2, 2),
    labelMap: { kind: 'all-to-one', target: 2 },
    trigger,
    cross: (image) => image.map((value) => value + 50),
  });
  const augment = (image: Uint8Array) => {
    image[0] = 7;
  };
  const [batch] = poisoned.batches({ batchSize: 6, random: new Random(1), shuffle: false, augment }).epoch(0);
  assert.deepEqual(
    Array.from(batch.images.data, (pixel) => Math.round(pixel * 255)),
    [7, 100, 7, 51, 7, 52, 7, 3, 7, 4, 7, 5],
  );
  const labels = Array.from({ length: 6 }, (_, i) => batch.targets.data.subarray(i * 3, (i + 1) * 3).indexOf(1));
  assert.deepEqual(labels, [2, 1, 2, 0, 1, 2]);
});
