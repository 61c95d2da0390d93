import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { imageAt } from '../data/dataset.js';
import { attackContext, noEngine } from '../testing/attack-context.js';
import { madeUpDataset } from '../testing/dataset.js';
import { badnets } from './badnets.js';
import { findAttack, triggerFrom } from './registry.js';

const train = madeUpDataset(20, 5, [2, 6, 7]);
const poison = (options: Record<string, unknown> = {}, seed = 1) =>
  badnets.poison(train, badnets.options.parse(options), attackContext(seed));

test('the defaults are the published ones, and every option says what it is', () => {
  assert.deepEqual(badnets.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    patch_size: 3,
    patch_value: 255,
    patch_position: 'bottom-right',
    patch_margin: 0,
    pattern: 'solid',
  });
  for (const [name, option] of Object.entries(badnets.options.shape)) assert.ok(option.description, name);
  for (const wrong of [
    { pratio: 0 },
    { pratio: 1.1 },
    { attack_target: -1 },
    { attack_target: 1.5 },
    { patch_size: 0 },
    { patch_value: 256 },
  ]) {
    assert.equal(badnets.options.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

test('a share of all images is triggered and relabelled, and nothing else changes', async () => {
  const before = train.images.slice();
  const poisoned = await poison({ pratio: 0.25, attack_target: 3 });
  assert.equal(poisoned.indices.length, 25);
  assert.deepEqual(
    [...poisoned.indices],
    [...new Set(poisoned.indices)].sort((a, b) => a - b),
  );
  assert.ok(
    poisoned.indices.some((index) => train.labels[index] === 3),
    'images of the target class are drawn too',
  );
  const chosen = new Set(poisoned.indices);
  for (let i = 0; i < 100; i++) {
    const expected = chosen.has(i) ? await poisoned.trigger.apply(imageAt(train, i), noEngine) : imageAt(train, i);
    assert.deepEqual([...imageAt(poisoned.train, i)], [...expected]);
    assert.equal(poisoned.train.labels[i], chosen.has(i) ? 3 : train.labels[i]);
  }
  assert.deepEqual(train.images, before);
});

test('all-to-all gives the next class', async () => {
  const { train: changed, indices, labelMap } = await poison({ attack_label_trans: 'all2all' });
  assert.deepEqual(labelMap, { kind: 'all-to-all', shift: 1 });
  for (const index of indices) assert.equal(changed.labels[index], (train.labels[index] + 1) % 5);
});

test('the same seed poisons the same bytes, another seed others', async () => {
  assert.deepEqual((await poison()).train, (await poison()).train);
  assert.notDeepEqual((await poison()).indices, (await poison({}, 2)).indices);
});

/** Rows of one channel of a triggered black image. */
async function drawn(options: Record<string, unknown>, channel = 0): Promise<string[]> {
  const { trigger } = await poison({ patch_size: 2, ...options });
  const image = await trigger.apply(new Uint8Array(84), noEngine);
  return Array.from({ length: 6 }, (_, y) => [...image.subarray(channel * 42 + y * 7, channel * 42 + (y + 1) * 7)].join(' '));
}

test('the patch lies where the options say, in every channel', async () => {
  const blank = '0 0 0 0 0 0 0';
  const right = '0 0 0 0 0 255 255';
  assert.deepEqual(await drawn({}), [blank, blank, blank, blank, right, right]);
  assert.deepEqual(await drawn({}, 1), await drawn({}, 0));
  const left = '0 9 9 0 0 0 0';
  assert.deepEqual(await drawn({ patch_position: 'top-left', patch_margin: 1, patch_value: 9 }), [blank, left, left, blank, blank, blank]);
  assert.deepEqual(await drawn({ patch_position: 'top-right' }), [right, right, blank, blank, blank, blank]);
  const corner = '255 255 0 0 0 0 0';
  assert.deepEqual(await drawn({ patch_position: 'bottom-left' }), [blank, blank, blank, blank, corner, corner]);
  const middle = '0 0 255 255 0 0 0';
  assert.deepEqual(await drawn({ patch_position: 'center', patch_margin: 5 }), [blank, blank, middle, middle, blank, blank]);
});

test('the grid alternates between the value and 1', async () => {
  const rows = await drawn({ pattern: 'grid', patch_size: 3 });
  assert.deepEqual(rows.slice(3), ['0 0 0 0 255 1 255', '0 0 0 0 1 255 1', '0 0 0 0 255 1 255']);
});

test('options that do not fit the data set are user errors', async () => {
  await assert.rejects(poison({ attack_target: 5 }), new UserError('target label 5 is out of range; with 5 classes choose 0 to 4'));
  await assert.rejects(poison({ patch_size: 7 }), /a patch of 7 pixels does not fit into an image of 6 x 7; choose a smaller patch_size/);
  await assert.rejects(poison({ patch_size: 4, patch_margin: 3 }), /with a margin of 3 does not fit/);
  await assert.rejects(poison({ pratio: 0.004 }), /poisons none of 100 images; choose at least 0.01/);
});

test('a trigger made again from its JSON does the same', async () => {
  const { trigger } = await poison({ pattern: 'grid', patch_position: 'top-right', patch_margin: 1, patch_value: 200 });
  const again = triggerFrom(JSON.parse(JSON.stringify(trigger.description)));
  assert.deepEqual(await again.apply(imageAt(train, 7), noEngine), await trigger.apply(imageAt(train, 7), noEngine));
  assert.deepEqual(again.description, trigger.description);
  await assert.rejects(again.apply(new Uint8Array(83), noEngine), /made for images of 2 x 6 x 7, which 83 values do not fill/);
});

test('a description that was tampered with is a user error', async () => {
  const { trigger } = await poison();
  const good = trigger.description;
  const { patch_size: _, ...without } = good;
  const tampered = [
    null,
    'badnets',
    {},
    { kind: 'badnet' },
    without,
    { ...good, patch_size: 1e9 },
    { ...good, patch_size: '3' },
    { ...good, patch_position: 'middle' },
    { ...good, imageShape: [1, 28] },
    { ...good, extra: 1 },
  ];
  for (const description of tampered) {
    assert.throws(
      () => triggerFrom(description),
      (error) => error instanceof UserError && !error.message.includes('\n'),
    );
  }
});

test('an attack is found by name', () => {
  assert.equal(findAttack('badnets').title, 'BadNets');
  assert.throws(() => findAttack('badnet'), new UserError("there is no attack 'badnet'; did you mean 'badnets'?"));
});
