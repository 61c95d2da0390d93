import { z } from 'zod';
import type { Random } from '../../core/random.js';
import { readUntrusted } from '../../core/untrusted.js';
import { type Dataset, imageAt, sizeOfDataset } from '../../data/dataset.js';
import type { Attack, PoisonedTraining } from '../attack.js';
import { poisonBatches, wholeShare } from '../batch-poison.js';
import { batchLabelOptions, dirtyLabelMap } from '../dirty-label.js';
import { type StaticTrigger, staticTrigger } from '../static-trigger.js';
import { type ImageShape, imageShapeSchema } from '../stored.js';
import { dither, quantiser } from './quantise.js';

const NAME = 'bpp';

const levels = z.int().min(2).max(255);

const options = z.object({
  ...batchLabelOptions,
  neg_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('share of every batch that gets what the trigger would change in another image, and keeps its label, 0 to 1'),
  squeeze_num: levels.default(8).describe('levels that are left in each channel, 2 to 255'),
  dithering: z.boolean().default(false).describe('spread the rounding error over the neighbours (Floyd and Steinberg)'),
});

const descriptionSchema = z.strictObject({
  kind: z.literal(NAME),
  imageShape: imageShapeSchema,
  squeeze_num: levels,
  dithering: z.boolean(),
});

/** Fewer levels of brightness in every channel; images that are disturbed otherwise teach the network to tell. */
export const bpp: Attack<typeof options, PoisonedTraining> = {
  name: NAME,
  title: 'BPP',
  summary: 'Reduces the levels of brightness in a share of the training images and gives them the label that the attacker wants.',
  paper: {
    title:
      'BppAttack: Stealthy and Efficient Trojan Attacks against Deep Neural Networks via Image Quantization and Contrastive Adversarial Learning',
    authors: 'Wang, Zhai, Ma',
    venue: 'CVPR',
    year: 2022,
  },
  threat: 'training',
  options,
  async poison(train, own) {
    const trigger = squeeze(train.imageShape, own.squeeze_num, own.dithering);
    return poisonBatches(train, {
      pratio: own.pratio,
      labelMap: dirtyLabelMap(own),
      trigger,
      crossCount: (_, batchSize) => wholeShare(own.neg_ratio, batchSize),
      cross: (image, random) => negative(image, train, trigger, random),
    });
  },
  restoreTrigger(description) {
    const { imageShape, squeeze_num, dithering } = readUntrusted(descriptionSchema, description, 'the trigger');
    return squeeze(imageShape, squeeze_num, dithering);
  },
};

function squeeze(imageShape: ImageShape, squeeze_num: number, dithering: boolean): StaticTrigger {
  const table = quantiser(squeeze_num);
  const description = { kind: NAME, imageShape: [...imageShape], squeeze_num, dithering };
  return staticTrigger(description, imageShape, (image) =>
    dithering ? dither(image, imageShape, squeeze_num) : image.map((value) => table[value]),
  );
}

/** An image with what the trigger would change in another: x + (q(z) - z), cut to 0..255. */
function negative(image: Uint8Array, train: Dataset, trigger: StaticTrigger, random: Random): Uint8Array {
  const other = imageAt(train, random.below(sizeOfDataset(train)));
  const squeezed = trigger.put(other);
  return image.map((value, i) => Math.min(255, Math.max(0, value + squeezed[i] - other[i])));
}
