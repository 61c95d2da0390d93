import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { imageAt } from '../data/dataset.js';
import { attackContext, noEngine } from '../testing/attack-context.js';
import { madeUpDataset } from '../testing/dataset.js';
import { sig } from './sig.js';

const train = madeUpDataset(20, 5, [2, 3, 8]);
const poison = (options: Record<string, unknown> = {}, seed = 1) => sig.poison(train, sig.options.parse(options), attackContext(seed));

test('the defaults are the published ones', () => {
  assert.deepEqual(sig.options.parse({}), { pratio: 0.1, attack_target: 0, clean_label: true, sig_delta: 40, sig_f: 6 });
});

test('every row of every channel gets the same sine, cut to 8 bits', async () => {
  const { trigger } = await poison({ sig_delta: 40, sig_f: 1 });
  // Eight columns, one period: 40 sin(j 45°) is 0, 28.28, 40, 28.28, 0, -28.28, -40, -28.28.
  const wave = [100, 128, 140, 128, 100, 71, 60, 71];
  assert.deepEqual([...(await trigger.apply(new Uint8Array(48).fill(100), noEngine))], new Array(6).fill(wave).flat());
  assert.deepEqual(
    [...(await trigger.apply(new Uint8Array(48).fill(240), noEngine)).subarray(0, 8)],
    [240, 255, 255, 255, 240, 211, 200, 211],
  );
  assert.deepEqual([...(await trigger.apply(new Uint8Array(48).fill(10), noEngine)).subarray(0, 8)], [10, 38, 50, 38, 10, 0, 0, 0]);
});

test('images of the target class alone are striped, and keep their labels', async () => {
  const { train: changed, indices, trigger, labelMap } = await poison({ attack_target: 3, pratio: 0.15 });
  assert.deepEqual(labelMap, { kind: 'all-to-one', target: 3 });
  assert.equal(indices.length, 15);
  assert.deepEqual(
    [...indices],
    [...new Set(indices)].sort((a, b) => a - b),
  );
  assert.deepEqual(changed.labels, train.labels);
  const chosen = new Set(indices);
  for (let i = 0; i < 100; i++) {
    if (chosen.has(i)) assert.equal(train.labels[i], 3);
    assert.deepEqual(imageAt(changed, i), chosen.has(i) ? await trigger.apply(imageAt(train, i), noEngine) : imageAt(train, i));
  }
});

test('more images than the class has are refused, unless labels may be wrong', async () => {
  const problem = 'a poison ratio of 0.3 takes 30 of 100 images, but class 0 has 20, and clean labels allow no other';
  await assert.rejects(poison({ pratio: 0.3 }), new UserError(`${problem}; choose a ratio of at most 0.2`));
  await assert.rejects(poison({ attack_target: 5 }), /target label 5 is out of range/);
  const { indices, train: changed } = await poison({ pratio: 0.3, clean_label: false });
  assert.equal(indices.length, 30);
  assert.ok(indices.some((index) => train.labels[index] !== 0));
  assert.ok(indices.every((index) => changed.labels[index] === 0));
});
