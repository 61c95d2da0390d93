import { z } from 'zod';
import type { LabelMap } from './attack.js';

/** How many images an attack poisons, and what their labels become. */
export const dirtyLabelOptions = {
  pratio: z.number().gt(0).max(1).default(0.1).describe('poison ratio: share of all training images that are poisoned, above 0 up to 1'),
  attack_target: z.int().min(0).default(0).describe('target label of all2one, 0 to number of classes - 1'),
  attack_label_trans: z
    .enum(['all2one', 'all2all'])
    .default('all2one')
    .describe('new label of a poisoned image: all2one, the target; all2all, the next class'),
};

/** The same for an attack that poisons every batch. */
export const batchLabelOptions = {
  ...dirtyLabelOptions,
  pratio: dirtyLabelOptions.pratio.describe('poison ratio: share of every batch that is poisoned, above 0 up to 1'),
};

interface Choice {
  readonly attack_target: number;
  readonly attack_label_trans: 'all2one' | 'all2all';
}

/** The label map that the options ask for. */
export function dirtyLabelMap({ attack_target, attack_label_trans }: Choice): LabelMap {
  return attack_label_trans === 'all2one' ? { kind: 'all-to-one', target: attack_target } : { kind: 'all-to-all', shift: 1 };
}
