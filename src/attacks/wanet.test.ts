import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { type Dataset, imageAt } from '../data/dataset.js';
import { madeUpDataset } from '../testing/dataset.js';
import { wanet } from './wanet.js';

/** Images with something in them to move. */
function textured(): Dataset {
  const made = madeUpDataset(20, 5, [2, 8, 8]);
  return { ...made, images: made.images.map((_, i) => Math.imul(i + 1, 2654435761) >>> 24) };
}

const train = textured();
const poison = (options: Record<string, unknown> = {}, seed = 1) => wanet.poison(train, wanet.options.parse(options), new Random(seed));

test('the defaults are the published ones', () => {
  assert.deepEqual(wanet.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    cross_ratio: 2,
    s: 0.5,
    k: 4,
    grid_rescale: 1,
  });
});

test('beside the poisoned images, twice as many are warped otherwise and keep their labels', async () => {
  const { train: changed, indices, cross = new Int32Array(0), trigger } = await poison({ attack_target: 2 });
  assert.deepEqual([indices.length, cross.length], [10, 20]);
  assert.deepEqual(
    [...cross],
    [...new Set(cross)].sort((a, b) => a - b),
  );
  const poisoned = new Set(indices);
  const warped = new Set(cross);
  for (let i = 0; i < 100; i++) {
    const [before, after] = [imageAt(train, i), imageAt(changed, i)];
    assert.equal(changed.labels[i], poisoned.has(i) ? 2 : train.labels[i]);
    if (poisoned.has(i)) assert.deepEqual(after, trigger.apply(before));
    else if (warped.has(i)) {
      assert.notDeepEqual(after, before);
      assert.notDeepEqual(after, trigger.apply(before));
    } else assert.deepEqual(after, before);
  }
});

test('noise mode can be left out, and is refused where too few images are left', async () => {
  assert.equal((await poison({ cross_ratio: 0 })).cross?.length, 0);
  assert.equal((await poison({ pratio: 0.5, cross_ratio: 1 })).cross?.length, 50);
  await assert.rejects(poison({ pratio: 0.5 }), /a cross_ratio that warps 100 more images does not fit: 50 are left/);
});

test('a description with the wrong number of shifts is refused', async () => {
  const { trigger } = await poison();
  assert.throws(() => wanet.restoreTrigger({ ...trigger.description, psi: [1, 2] }), /psi does not hold 2 k k numbers/);
  assert.throws(() => wanet.restoreTrigger({ ...trigger.description, k: 65 }), /k: /);
});
