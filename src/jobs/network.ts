import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { Dataset } from '../data/dataset.js';
import { channelStatistics } from '../data/statistics.js';
import type { Classifier } from '../nn/classifier.js';
import { preActResNet } from '../nn/preactresnet.js';

/** Which network is trained. */
export const networkOptions = z.object({
  model: z
    .enum(['preactresnet18'])
    .default('preactresnet18')
    .describe('architecture; width and depths other than the defaults make it a smaller or larger one of its kind'),
  width: z.int().min(1).max(1024).default(64).describe('channels of the first stage, 1 to 1024; each later stage has twice as many'),
  depths: z.array(z.int().min(1)).min(1).max(8).default([2, 2, 2, 2]).describe('blocks in each stage, 1 to 8 stages'),
  mean: z.array(z.number()).optional().describe("mean of each channel's pixels in [0, 1]; default: of the training images"),
  std: z.array(z.number().gt(0)).optional().describe("standard deviation of each channel's pixels; default: of the training images"),
});

/** See {@link networkOptions} for units and ranges. */
export type NetworkOptions = z.infer<typeof networkOptions>;

/**
 * A network with fresh weights that fits a data set; its normalisation is part of the graph.
 * @throws UserError when mean or std have not one number for each channel.
 */
export function buildNetwork(train: Dataset, { width, depths, mean, std }: NetworkOptions, seed: number): Classifier {
  const measured = channelStatistics(train);
  const [channels] = train.imageShape;
  for (const [name, values] of Object.entries({ mean, std })) {
    if (values === undefined || values.length === channels) continue;
    throw new UserError(
      `option ${name} has ${values.length} numbers, but images of ${train.name} have ${channels} channels; give one for each`,
    );
  }
  const { imageShape, classes } = train;
  return preActResNet({ imageShape, classes: classes.length, mean: mean ?? measured.mean, std: std ?? measured.std, width, depths, seed });
}
