import { z } from 'zod';
import { readUntrusted } from '../core/untrusted.js';
import type { Attack, PoisonedData } from './attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from './dirty-label.js';
import { readGivenPicture } from './given-picture.js';
import { overlaySchema, overlayTrigger } from './overlay.js';
import { patchOptions, patchSchema, patchTrigger } from './patch.js';
import { poisonDirtyLabel } from './poison.js';

const NAME = 'badnets';

const options = z.object({
  ...dirtyLabelOptions,
  ...patchOptions,
  patch_mask_path: z
    .string()
    .optional()
    .describe('picture file whose pixels overwrite those of the image, black ones excepted, in place of the square; default: the square'),
});

const squareSchema = patchSchema.extend({ kind: z.literal(NAME) });
const pictureSchema = overlaySchema.extend({ kind: z.literal(NAME) });

/** A small patch in a corner, and the attacker's label: the first backdoor attack on neural networks. */
export const badnets: Attack<typeof options, PoisonedData> = {
  name: NAME,
  title: 'BadNets',
  summary: 'Puts a small patch on a share of the training images and gives them the label that the attacker wants.',
  paper: {
    title: 'BadNets: Identifying Vulnerabilities in the Machine Learning Model Supply Chain',
    authors: 'Gu, Dolan-Gavitt, Garg',
    venue: 'arXiv:1708.06733',
    year: 2017,
  },
  threat: 'data',
  options,
  async poison(train, { pratio, attack_target, attack_label_trans, patch_mask_path: path, ...patch }, context) {
    const { imageShape } = train;
    const labelMap = dirtyLabelMap({ attack_target, attack_label_trans });
    const trigger =
      path === undefined
        ? patchTrigger(NAME, { ...patch, imageShape: [...imageShape] })
        : overlayTrigger(NAME, await readGivenPicture(context, path, imageShape, 'sharp'), imageShape);
    return poisonDirtyLabel(train, { pratio, labelMap, trigger }, context);
  },
  restoreTrigger(description) {
    if (typeof description === 'object' && description !== null && 'picture' in description) {
      const { picture, imageShape } = readUntrusted(pictureSchema, description, 'the trigger');
      return overlayTrigger(NAME, picture, imageShape);
    }
    const { kind, ...patch } = readUntrusted(squareSchema, description, 'the trigger');
    return patchTrigger(kind, patch);
  },
};
