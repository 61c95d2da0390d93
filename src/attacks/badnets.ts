import { z } from 'zod';
import { readUntrusted } from '../core/untrusted.js';
import type { Attack, PoisonedData } from './attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from './dirty-label.js';
import { patchOptions, patchSchema, patchTrigger } from './patch.js';
import { poisonDirtyLabel } from './poison.js';

const NAME = 'badnets';

const options = z.object({ ...dirtyLabelOptions, ...patchOptions });

const descriptionSchema = patchSchema.extend({ kind: z.literal(NAME) });

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
  async poison(train, { pratio, attack_target, attack_label_trans, ...patch }, context) {
    const labelMap = dirtyLabelMap({ attack_target, attack_label_trans });
    const trigger = patchTrigger(NAME, { ...patch, imageShape: [...train.imageShape] });
    return poisonDirtyLabel(train, { pratio, labelMap, trigger }, context);
  },
  restoreTrigger(description) {
    const { kind, ...patch } = readUntrusted(descriptionSchema, description, 'the trigger');
    return patchTrigger(kind, patch);
  },
};
