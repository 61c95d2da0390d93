import { z } from 'zod';
import { fineTuneOptions } from '../fine-tune.js';

/** Options of feature-map pruning, see docs/fmp.md. */
export const fmpOptions = z.object({
  ranking: z
    .enum(['response', 'accuracy'])
    .default('response')
    .describe(
      'what maps are ranked by: response, how strongly a small patch that leads to one class disturbs them; accuracy, how far the ' +
        "network's accuracy falls on the inputs that disturb them most (as published)",
    ),
  p: z.number().min(1).default(8).describe('one map in p is pruned in each layer, from 1 (published: 64)'),
  min_per_layer: z.int().min(0).default(1).describe('maps pruned at least in each layer, from 0 (published: 0)'),
  scan_images: z.int().min(1).default(128).describe('clean images that every map is scanned with, from 1 (published: 32)'),
  eps: z.number().min(0).max(1).default(0.06).describe('scan: largest change of a pixel, 0 to 1'),
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe('scan: change of a pixel at the random start, and in each step if there are several, 0 to 1'),
  steps: z.int().min(1).default(1).describe('scan: gradient steps, from 1; 1 is FGSM with a step of eps, more are PGD with steps of alpha'),
  scan_batch: z.int().min(1).default(512).describe('scan: images that go through the network at once, from 1; bounds the memory'),
  trigger_images: z.int().min(1).default(32).describe('response: clean images that patches are looked for with, from 1'),
  trigger_steps: z.int().min(1).default(80).describe('response: steps of the search for patches, from 1'),
  trigger_lr: z.number().gt(0).default(0.2).describe("response: the search's learning rate, above 0"),
  trigger_sparsity: z.number().min(0).default(0.01).describe("response: weight of a patch's size beside its cross-entropy, from 0"),
  hold_masks: z.boolean().default(true).describe('keep pruned maps at zero while fine-tuning (published: false)'),
  ...fineTuneOptions,
});

/** See {@link fmpOptions} for units and ranges. */
export type FmpOptions = z.infer<typeof fmpOptions>;
