import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import type { RgbImage } from '../data/rgb-image.js';
import { attackContext, noEngine } from '../testing/attack-context.js';
import { madeUpDataset } from '../testing/dataset.js';
import { badnets } from './badnets.js';
import { blended } from './blended/index.js';
import { readGivenPicture } from './given-picture.js';
import { triggerFrom } from './registry.js';

/** Two by two: red, black, white, black. */
const drawing: RgbImage = { width: 2, height: 2, pixels: Uint8Array.of(200, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0) };
const context = { ...attackContext(1), readImage: async () => drawing };

test('a picture is squashed to the size of the images, sharply or smoothly', async () => {
  const sharp = await readGivenPicture(context, 'a.png', [3, 2, 4], 'sharp');
  assert.deepEqual([...sharp], [200, 200, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0]);
  const smooth = await readGivenPicture(context, 'a.png', [3, 2, 4], 'smooth');
  assert.deepEqual([...smooth.subarray(0, 4)], [200, 150, 50, 0]);
  assert.deepEqual([...(await readGivenPicture(context, 'a.png', [1, 2, 2], 'sharp'))], [60, 0, 255, 0]);
});

test('what cannot be read is a user error', async () => {
  await assert.rejects(
    readGivenPicture(context, 'a.png', [2, 2, 2], 'sharp'),
    new UserError('a picture from a file fits grey or red-green-blue images, but these have 2 channels; leave it out'),
  );
  await assert.rejects(readGivenPicture(attackContext(1), 'a.png', [1, 2, 2], 'sharp'), UserError);
});

test('BadNets overwrites with all that is not black, and Blended blends in', async () => {
  const train = madeUpDataset(4, 3, [3, 2, 2]);
  const grey = new Uint8Array(12).fill(100);
  const patched = await badnets.poison(train, badnets.options.parse({ pratio: 0.5, patch_mask_path: 'a.png' }), context);
  const expected = [200, 100, 255, 100, 100, 100, 255, 100, 100, 100, 255, 100];
  assert.deepEqual([...(await patched.trigger.apply(grey, noEngine))], expected);
  const again = triggerFrom(JSON.parse(JSON.stringify(patched.trigger.description)));
  assert.deepEqual([...(await again.apply(grey, noEngine))], expected);
  const mixed = await blended.poison(train, blended.options.parse({ pratio: 0.5, attack_trigger_img_path: 'a.png' }), context);
  assert.deepEqual([...(await mixed.trigger.apply(grey, noEngine))].slice(0, 4), [120, 80, 131, 80]);
});
