import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../core/random.js';
import { attackContext } from '../../testing/attack-context.js';
import { noisyDataset } from '../../testing/dataset.js';
import { wanet } from './index.js';

const train = noisyDataset(20, 5, [2, 8, 8]);
const poison = (options: Record<string, unknown> = {}, seed = 1) => wanet.poison(train, wanet.options.parse(options), attackContext(seed));

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

test('in every batch the cross images are twice as many as the poisoned ones, and warped anew in every epoch', async () => {
  const poisoned = await poison();
  assert.deepEqual(poisoned.perBatch(128), { poisoned: 12, cross: 24 });
  assert.deepEqual((await poison({ cross_ratio: 0.5 })).perBatch(50), { poisoned: 5, cross: 2 });
  const source = poisoned.batches({ batchSize: 50, random: new Random(2), shuffle: false });
  const [first, again, second] = [source.epoch(0), source.epoch(0), source.epoch(1)].map((epoch) => [...epoch][0].images.data);
  assert.deepEqual(again, first);
  const pixels = 2 * 8 * 8;
  const same = Array.from({ length: 50 }, (_, i) => i).filter((i) =>
    Buffer.from(first.slice(i * pixels, (i + 1) * pixels).buffer).equals(Buffer.from(second.slice(i * pixels, (i + 1) * pixels).buffer)),
  );
  assert.deepEqual(
    same,
    [0, 1, 2, 3, 4, ...Array.from({ length: 35 }, (_, i) => 15 + i)],
    'all but the cross images, 5 to 14, are the same in both epochs',
  );
});

test('shares that do not fit a batch are refused', async () => {
  const crowded = await poison({ pratio: 0.5 });
  const problem = /10 poisoned images and 20 more that are changed do not fit into a batch of 20; choose a smaller pratio/;
  assert.throws(() => crowded.perBatch(20), problem);
  assert.throws(() => crowded.batches({ batchSize: 20, random: new Random(1) }), problem);
});

test('a description with the wrong number of shifts is refused', async () => {
  const { description } = (await poison()).trigger ?? assert.fail();
  assert.throws(() => wanet.restoreTrigger({ ...description, psi: [1, 2] }), /psi does not hold 2 k k numbers/);
  assert.throws(() => wanet.restoreTrigger({ ...description, k: 65 }), /k: /);
});
