import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../core/random.js';
import { imageAt } from '../../data/dataset.js';
import { attackContext, noEngine } from '../../testing/attack-context.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { encodeBytes } from '../stored.js';
import { blended } from './index.js';
import { drawPicture } from './picture.js';

const train = madeUpDataset(20, 5, [1, 2, 3]);
const poison = (options: Record<string, unknown> = {}, seed = 1) =>
  blended.poison(train, blended.options.parse(options), attackContext(seed));

test('the defaults are the published ones, but for the picture', () => {
  const { trigger_picture, ...published } = blended.options.parse({});
  assert.deepEqual(published, {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    attack_train_blended_alpha: 0.2,
    attack_test_blended_alpha: 0.2,
  });
});

test('x becomes 0.8 x + 0.2 T, cut towards zero', async () => {
  const picture = Uint8Array.of(0, 255, 100, 7, 255, 1);
  const trigger = blended.restoreTrigger({ kind: 'blended', imageShape: [1, 2, 3], alpha: 0.2, picture: encodeBytes(picture) });
  // 0; 51; 80 + 20; 0.8 + 1.4 = 2.2; 204 + 51; 8 + 0.2 = 8.2.
  assert.deepEqual([...(await trigger.apply(Uint8Array.of(0, 0, 100, 1, 255, 10), noEngine))], [0, 51, 100, 2, 255, 8]);
});

test('training and test images can get different shares', async () => {
  const { trigger, indices, train: changed } = await poison({ attack_train_blended_alpha: 1, attack_test_blended_alpha: 0.5 });
  assert.equal(trigger.description.alpha, 0.5);
  const picture = drawPicture('smooth', [1, 2, 3], new Random(1).fork('picture'));
  for (const index of indices) assert.deepEqual(imageAt(changed, index), picture);
});

test('the picture is drawn by the seed and uses the whole range in every channel', () => {
  const draw = (kind: 'smooth' | 'noise', seed: number) => drawPicture(kind, [3, 16, 20], new Random(seed));
  for (const kind of ['smooth', 'noise'] as const) {
    assert.deepEqual(draw(kind, 4), draw(kind, 4));
    assert.notDeepEqual(draw(kind, 4), draw(kind, 5));
  }
  for (let channel = 0; channel < 3; channel++) {
    const plane = draw('smooth', 4).subarray(channel * 320, (channel + 1) * 320);
    assert.deepEqual([Math.min(...plane), Math.max(...plane)], [0, 255]);
  }
  const roughness = (picture: Uint8Array) => picture.slice(1).reduce((sum, value, i) => sum + Math.abs(value - picture[i]), 0);
  assert.ok(roughness(draw('smooth', 4)) < roughness(draw('noise', 4)) / 2);
});

test('a picture of the wrong size is refused', () => {
  const description = { kind: 'blended', imageShape: [1, 2, 3], alpha: 0.2, picture: encodeBytes(new Uint8Array(5)) };
  assert.throws(() => blended.restoreTrigger(description), /the picture of the trigger has 5 values, but images of 1 x 2 x 3 take 6/);
  assert.throws(() => blended.restoreTrigger({ ...description, picture: '?' }), /picture: /);
});
