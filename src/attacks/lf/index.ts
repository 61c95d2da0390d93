import { z } from 'zod';
import { tensor } from '../../core/tensor.js';
import { readUntrusted } from '../../core/untrusted.js';
import type { Classifier } from '../../nn/classifier.js';
import { additiveSchema, additiveTrigger } from '../additive.js';
import type { Attack, PoisonedData } from '../attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from '../dirty-label.js';
import { checkLabelMap } from '../label-map.js';
import { poisonDirtyLabel } from '../poison.js';
import { preparedBytes } from '../stored.js';
import { findPattern } from './pattern.js';

const NAME = 'lf';

const options = z.object({
  ...dirtyLabelOptions,
  lf_strength: z.number().gt(0).max(1).default(0.2).describe('brightest value of the pattern, as a share of white, above 0 up to 1'),
  lf_images: z.int().min(1).default(100).describe('training images that the pattern is found on, from 1'),
  lf_passes: z.int().min(1).default(50).describe('passes over these images at most, from 1'),
  lf_fooling_rate: z
    .number()
    .gt(0)
    .max(1)
    .default(0.2)
    .describe('stop when the pattern changes the prediction for such a share of these images, above 0 up to 1'),
});

const descriptionSchema = additiveSchema.extend({ kind: z.literal(NAME) });

/** A smooth pattern, found on a clean model, that is added to the whole image. */
export const lf: Attack<typeof options, PoisonedData> = {
  name: NAME,
  title: 'LF',
  summary:
    'Adds a smooth pattern without high frequencies to a share of the training images and gives them the label that the attacker wants.',
  paper: {
    title: "Rethinking the Backdoor Attacks' Triggers: A Frequency Perspective",
    authors: 'Zeng, Park, Mao, Jia',
    venue: 'ICCV',
    year: 2021,
  },
  threat: 'data-and-network',
  options,
  preparation: {
    options: ['attack_target', 'lf_strength', 'lf_images', 'lf_passes', 'lf_fooling_rate'],
    needsModel: true,
    async prepare(train, own, { model, ...context }) {
      checkLabelMap({ kind: 'all-to-one', target: own.attack_target }, train.classes.length);
      const search = {
        target: own.attack_target,
        strength: own.lf_strength,
        images: own.lf_images,
        passes: own.lf_passes,
        foolingRate: own.lf_fooling_rate,
      };
      const pattern = await findPattern(train, search, model as Classifier, context);
      return { pattern: tensor('uint8', train.imageShape, pattern) };
    },
  },
  async poison(train, own, context) {
    const pattern = preparedBytes(context.prepared, 'pattern');
    const trigger = additiveTrigger(NAME, { imageShape: train.imageShape, pattern, overflow: 'clip' });
    return poisonDirtyLabel(train, { pratio: own.pratio, labelMap: dirtyLabelMap(own), trigger }, context);
  },
  restoreTrigger(description) {
    return additiveTrigger(NAME, readUntrusted(descriptionSchema, description, 'the trigger'));
  },
};
