import { z } from 'zod';
import { readUntrusted } from '../core/untrusted.js';
import type { Attack, Trigger } from './attack.js';
import { drawPicture } from './blend-picture.js';
import { dirtyLabelMap, dirtyLabelOptions } from './dirty-label.js';
import { poisonDirtyLabel } from './poison.js';
import { bytesSchema, checkImageSize, checkPicture, encodeBytes, type ImageShape, imageShapeSchema } from './stored.js';

const NAME = 'blended';

const alpha = z.number().gt(0).max(1);

const options = z.object({
  ...dirtyLabelOptions,
  attack_train_blended_alpha: alpha.default(0.2).describe('share of the picture in a poisoned training image, above 0 up to 1'),
  attack_test_blended_alpha: alpha.default(0.2).describe('share of the picture in a triggered test image, above 0 up to 1'),
  trigger_picture: z
    .enum(['smooth', 'noise'])
    .default('smooth')
    .describe('the picture, drawn by the seed: smooth, coloured blobs an eighth of the image wide; noise, every pixel by itself'),
});

const descriptionSchema = z.strictObject({
  kind: z.literal(NAME),
  imageShape: imageShapeSchema,
  alpha,
  /** The picture's 8-bit values [C, H, W]. */
  picture: bytesSchema,
});

/** A picture shines through the whole image. */
export const blended: Attack<typeof options> = {
  name: NAME,
  title: 'Blended',
  summary: 'Blends a picture into a share of the training images and gives them the label that the attacker wants.',
  paper: {
    title: 'Targeted Backdoor Attacks on Deep Learning Systems Using Data Poisoning',
    authors: 'Chen, Liu, Li, Lu, Song',
    venue: 'arXiv:1712.05526',
    year: 2017,
  },
  threat: 'data',
  options,
  async poison(train, own, random) {
    const picture = drawPicture(own.trigger_picture, train.imageShape, random.fork('picture'));
    const plant = (image: Uint8Array) => blend(image, picture, own.attack_train_blended_alpha);
    const trigger = blendTrigger(picture, train.imageShape, own.attack_test_blended_alpha);
    return poisonDirtyLabel(train, own.pratio, trigger, dirtyLabelMap(own), random, plant);
  },
  restoreTrigger(description) {
    const { picture, imageShape, alpha } = readUntrusted(descriptionSchema, description, 'the trigger');
    checkPicture(picture, imageShape, 'the picture');
    return blendTrigger(picture, imageShape, alpha);
  },
};

function blendTrigger(picture: Uint8Array, imageShape: ImageShape, alpha: number): Trigger {
  return {
    description: { kind: NAME, imageShape: [...imageShape], alpha, picture: encodeBytes(picture) },
    apply(image) {
      checkImageSize(image, imageShape);
      return blend(image, picture, alpha);
    },
  };
}

/** (1 - α) x + α T, cut to whole numbers, towards zero as published. */
function blend(image: Uint8Array, picture: Uint8Array, alpha: number): Uint8Array {
  return image.map((value, i) => Math.min(255, Math.floor((1 - alpha) * value + alpha * picture[i])));
}
