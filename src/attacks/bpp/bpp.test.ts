import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../core/random.js';
import { imageAt } from '../../data/dataset.js';
import { attackContext } from '../../testing/attack-context.js';
import { noisyDataset } from '../../testing/dataset.js';
import { bpp } from './index.js';
import { dither, quantiser } from './quantise.js';

test('the defaults are the published ones', () => {
  assert.deepEqual(bpp.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    neg_ratio: 0.1,
    squeeze_num: 8,
    dithering: false,
  });
});

test('eight levels are multiples of 255 / 7, and every value goes to the nearest', () => {
  const table = quantiser(8);
  const levels = [0, 36, 73, 109, 146, 182, 219, 255];
  assert.deepEqual([...new Set(table)], levels);
  assert.deepEqual([table[18], table[19], table[54], table[55], table[237]], [0, 36, 36, 73, 255]);
  table.forEach((level, value) => {
    const nearest = Math.min(...levels.map((each) => Math.abs(each - value)));
    assert.ok(Math.abs(level - value) <= nearest + 1, `${value} became ${level}`);
  });
  assert.deepEqual([...new Set(quantiser(2))], [0, 255]);
});

test('dithering gives the error to the neighbours that come later', () => {
  // Two levels. 100 becomes 0 and leaves 100: 43.75 to the right, 18.75, 31.25 and 6.25 below.
  // 100 + 43.75 = 143.75 becomes 255 and leaves -111.25: 3/16 of it, -20.86, below to the left, 5/16, -34.77, below.
  // Below: 100 + 31.25 - 20.86 = 110.39 becomes 0 and leaves 48.30 to the right: 100 + 6.25 - 34.77 + 48.30 = 119.78, 0.
  assert.deepEqual([...dither(new Uint8Array(4).fill(100), [1, 2, 2], 2)], [0, 255, 0, 0]);
  const grey = dither(new Uint8Array(2 * 32 * 32).fill(64), [2, 32, 32], 2);
  const mean = grey.reduce((sum, value) => sum + value, 0) / grey.length;
  assert.ok(Math.abs(mean - 64) < 3, `the mean is kept, and is ${mean}`);
  assert.deepEqual(grey.subarray(0, 1024), grey.subarray(1024));
});

test('a negative is an image with what the trigger would change in another', async () => {
  const train = noisyDataset(10, 2, [1, 4, 4]);
  const poisoned = await bpp.poison(train, bpp.options.parse({ pratio: 0.1, neg_ratio: 0.5 }), attackContext(1));
  assert.deepEqual(poisoned.perBatch(20), { poisoned: 2, cross: 10 });
  const [batch] = poisoned.batches({ batchSize: 20, random: new Random(2), shuffle: false }).epoch(0);
  const table = quantiser(8);
  for (let i = 2; i < 12; i++) {
    const found = Array.from(batch.images.data.subarray(i * 16, (i + 1) * 16), (pixel) => Math.round(pixel * 255));
    const candidates = Array.from({ length: 20 }, (_, other) =>
      [...imageAt(train, i)].map((value, at) => {
        const z = imageAt(train, other)[at];
        return Math.min(255, Math.max(0, value + table[z] - z));
      }),
    );
    assert.ok(
      candidates.some((candidate) => candidate.join() === found.join()),
      `image ${i}`,
    );
  }
});
