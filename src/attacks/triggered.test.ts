import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { imageAt, subset } from '../data/dataset.js';
import { noEngine } from '../testing/attack-context.js';
import { madeUpDataset } from '../testing/dataset.js';
import type { LabelMap } from './attack.js';
import { labelMapFrom } from './label-map.js';
import { triggeredTestSet } from './triggered.js';

const clean = madeUpDataset(3, 4);
const trigger = { apply: async (images: Uint8Array) => images.map((value) => 255 - value), description: { kind: 'test' } };

test('all-to-one leaves the target class out and keeps the true labels', async () => {
  const { dataset, originals, indices } = await triggeredTestSet(clean, { trigger, labelMap: { kind: 'all-to-one', target: 2 } }, noEngine);
  assert.deepEqual([...indices], [0, 1, 3, 4, 5, 7, 8, 9, 11]);
  assert.deepEqual([...originals], [0, 1, 3, 0, 1, 3, 0, 1, 3]);
  assert.deepEqual([...dataset.labels], new Array(9).fill(2));
  for (const [i, index] of indices.entries()) assert.deepEqual(imageAt(dataset, i), await trigger.apply(imageAt(clean, index)));
});

test('all-to-all takes every image', async () => {
  const { dataset, originals, indices } = await triggeredTestSet(clean, { trigger, labelMap: { kind: 'all-to-all', shift: 1 } }, noEngine);
  assert.equal(indices.length, 12);
  assert.deepEqual(originals, clean.labels);
  assert.deepEqual([...dataset.labels.subarray(0, 4)], [1, 2, 3, 0]);
});

test('label maps that do not fit, and a test set of the target class alone, are user errors', async () => {
  const attempt = (labelMap: LabelMap) => triggeredTestSet(clean, { trigger, labelMap }, noEngine);
  await assert.rejects(
    attempt({ kind: 'all-to-one', target: 4 }),
    new UserError('target label 4 is out of range; with 4 classes choose 0 to 3'),
  );
  await assert.rejects(attempt({ kind: 'all-to-one', target: 0.5 }), UserError);
  await assert.rejects(attempt({ kind: 'all-to-all', shift: 4 }), /changes no label; with 4 classes choose 1 to 3/);
  const alone = subset(clean, [0, 4, 8], 'zeros');
  await assert.rejects(
    triggeredTestSet(alone, { trigger, labelMap: { kind: 'all-to-one', target: 0 } }, noEngine),
    /no image outside the target class/,
  );
});

test('label maps are read from JSON, and nothing else is', () => {
  for (const map of [
    { kind: 'all-to-one', target: 3 },
    { kind: 'all-to-all', shift: 1 },
  ]) {
    assert.deepEqual(labelMapFrom(JSON.parse(JSON.stringify(map))), map);
  }
  for (const wrong of [null, {}, { kind: 'all-to-one' }, { kind: 'all-to-one', target: -1 }, { kind: 'all-to-two', target: 1 }]) {
    assert.throws(() => labelMapFrom(wrong), UserError);
  }
});
