import { z } from 'zod';
import { readUntrusted } from '../../core/untrusted.js';
import type { Attack, PoisonedData } from '../attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from '../dirty-label.js';
import { readGivenPicture } from '../given-picture.js';
import { poisonDirtyLabel } from '../poison.js';
import { type StaticTrigger, staticTrigger } from '../static-trigger.js';
import { bytesSchema, checkPicture, encodeBytes, type ImageShape, imageShapeSchema } from '../stored.js';
import { drawPicture } from './picture.js';

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
  attack_trigger_img_path: z
    .string()
    .optional()
    .describe('picture file to blend in, squashed to the size of the images; default: trigger_picture'),
});

const descriptionSchema = z.strictObject({
  kind: z.literal(NAME),
  imageShape: imageShapeSchema,
  alpha,
  /** The picture's 8-bit values [C, H, W]. */
  picture: bytesSchema,
});

/** A picture shines through the whole image. */
export const blended: Attack<typeof options, PoisonedData> = {
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
  async poison(train, own, context) {
    const path = own.attack_trigger_img_path;
    const picture =
      path === undefined
        ? drawPicture(own.trigger_picture, train.imageShape, context.random.fork('picture'))
        : await readGivenPicture(context, path, train.imageShape, 'smooth');
    const withAlpha = (alpha: number) => blendTrigger(picture, train.imageShape, alpha);
    const plant = withAlpha(own.attack_train_blended_alpha).apply;
    const trigger = withAlpha(own.attack_test_blended_alpha);
    return poisonDirtyLabel(train, { pratio: own.pratio, labelMap: dirtyLabelMap(own), trigger, plant }, context);
  },
  restoreTrigger(description) {
    const { picture, imageShape, alpha } = readUntrusted(descriptionSchema, description, 'the trigger');
    checkPicture(picture, imageShape, 'the picture');
    return blendTrigger(picture, imageShape, alpha);
  },
};

/** (1 - α) x + α T, cut to whole numbers, towards zero as published. */
function blendTrigger(picture: Uint8Array, imageShape: ImageShape, alpha: number): StaticTrigger {
  const description = { kind: NAME, imageShape: [...imageShape], alpha, picture: encodeBytes(picture) };
  return staticTrigger(description, imageShape, (image) =>
    image.map((value, i) => Math.min(255, Math.floor((1 - alpha) * value + alpha * picture[i]))),
  );
}
