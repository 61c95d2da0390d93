import { z } from 'zod';
import { fineTuneOptions } from '../fine-tune.js';
import { triggerFamilies, usualFamilies } from '../inversion/registry.js';
import { strategies } from './strategies/registry.js';

/** Options of feature-map pruning, see docs/fmp.md. */
export const fmpOptions = z.object({
  ranking: z
    .enum(strategies.map(({ name }) => name) as [string, ...string[]])
    .default(strategies[0].name)
    .describe(`what maps are ranked by: ${strategies.map(({ name, summary }) => `${name}, ${summary}`).join('; ')}`),
  p: z.number().min(1).default(64).describe('one map in p is pruned in each layer, rounded down, from 1'),
  min_per_layer: z.int().min(0).default(0).describe('maps pruned at least in each layer, from 0'),
  selection: z
    .enum(['fraction', 'two-means', 'binomial'])
    .default('fraction')
    .describe(
      'how many maps are pruned: fraction, one in p; two-means, the more suspicious of two clusters of each layer; binomial (with ranking ' +
        "accuracy), maps whose accuracy is below that of their layer's median map beyond doubt",
    ),
  selection_error: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.05)
    .describe('binomial: chance that any map is pruned that is not worse than the median of its layer, between 0 and 1'),
  scan_images: z.int().min(1).default(128).describe('clean images that every map is scanned with, from 1 (published: 32)'),
  eps: z.number().min(0).max(1).default(0.06).describe('scan: largest change of a pixel, 0 to 1'),
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe('scan: change of a pixel at the random start, and in each step if there are several, 0 to 1'),
  steps: z.int().min(1).default(1).describe('scan: gradient steps, from 1; 1 is FGSM with a step of eps, more are PGD with steps of alpha'),
  scan: z
    .enum(['exact', 'racing'])
    .default('exact')
    .describe(
      'exact looks at every map on every image; racing (with ranking accuracy and selection fraction) stops looking at a map that will ' +
        'not be among those to prune',
    ),
  race_error: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.05)
    .describe('racing: chance, for each map that the exact scan would have pruned, that it is dropped, between 0 and 1'),
  scan_memory: z
    .int()
    .min(1)
    .default(1024)
    .describe('scan: memory to take beside the weights, in MiB, from 1; decides how many maps go through at once'),
  scan_always: z.boolean().default(false).describe('scan every map also where the ranking does not need it, for the report'),
  trigger_families: z
    .array(z.enum(triggerFamilies.map(({ name }) => name) as [string, ...string[]]))
    .min(1)
    .default([...usualFamilies])
    .describe(`response: kinds of change that are tried: ${triggerFamilies.map(({ name, summary }) => `${name}, ${summary}`).join('; ')}`),
  trigger_images: z.int().min(1).default(128).describe('response: clean images that changes are looked for with, from 1'),
  trigger_steps: z.int().min(1).default(80).describe('response: steps of each search, from 1'),
  trigger_rows: z
    .int()
    .min(1)
    .default(320)
    .describe('response: images times classes that go through the network at once, from 1; bounds time and memory of a step'),
  push_eps: z.number().gt(0).max(1).default(0.2).describe('universal: largest change of a pixel, above 0 up to 1'),
  rounds: z
    .int()
    .min(1)
    .default(1)
    .describe('rounds of looking, pruning an equal share of the maps, and fine-tuning, from 1 (published: 1)'),
  round_epochs: z.int().min(0).default(1).describe('passes over the clean images in all rounds but the last, from 0'),
  unlearn: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe(
      'response: copies of clean images with the changes found and their true labels, added for fine-tuning, as a share of the clean ' +
        'images, 0 to 1 (published: 0); at least so many, see lr_trials',
    ),
  unlearn_success: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe(
      'response: share of held-out images that may still follow the change found; where more do, unlearn is raised to 0.5, then 1; 0 to 1',
    ),
  lr_trials: z
    .int()
    .min(1)
    .default(3)
    .describe(
      'response: most learning rates to try on four fifths of the clean images, lr and then each a third of the one before, as long as ' +
        'accuracy on the rest rises; from 1, which takes lr and unlearn as they are',
    ),
  published: z
    .boolean()
    .default(false)
    .describe(
      'do as the published code does, its known faults included, for comparison only; only eps, alpha and the training options count',
    ),
  hold_masks: z.boolean().default(false).describe('keep pruned maps at zero while fine-tuning'),
  ...fineTuneOptions,
});

/** See {@link fmpOptions} for units and ranges. */
export type FmpOptions = z.infer<typeof fmpOptions>;
