import { z } from 'zod';
import { readUntrusted } from '../core/untrusted.js';
import type { Attack, LabelMap } from './attack.js';
import { patchOptions, patchSchema, patchTrigger } from './patch.js';
import { poisonDirtyLabel } from './poison.js';

const NAME = 'badnets';

const options = z.object({
  pratio: z.number().gt(0).max(1).default(0.1).describe('poison ratio: share of all training images that are poisoned, above 0 up to 1'),
  attack_target: z.int().min(0).default(0).describe('target label of all2one, 0 to number of classes - 1'),
  attack_label_trans: z
    .enum(['all2one', 'all2all'])
    .default('all2one')
    .describe('new label of a poisoned image: all2one, the target; all2all, the next class'),
  ...patchOptions,
});

const descriptionSchema = patchSchema.extend({ kind: z.literal(NAME) });

/** A small patch in a corner, and the attacker's label: the first backdoor attack on neural networks. */
export const badnets: Attack<typeof options> = {
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
  async poison(train, { pratio, attack_target, attack_label_trans, ...patch }, random) {
    const labelMap: LabelMap =
      attack_label_trans === 'all2one' ? { kind: 'all-to-one', target: attack_target } : { kind: 'all-to-all', shift: 1 };
    const trigger = patchTrigger(NAME, { ...patch, imageShape: [...train.imageShape] });
    return poisonDirtyLabel(train, pratio, trigger, labelMap, random);
  },
  restoreTrigger(description) {
    const { kind, ...patch } = readUntrusted(descriptionSchema, description, 'the trigger');
    return patchTrigger(kind, patch);
  },
};
