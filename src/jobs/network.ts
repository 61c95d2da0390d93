import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { nearest } from '../core/lookup.js';
import type { Dataset } from '../data/dataset.js';
import { channelStatistics } from '../data/statistics.js';
import type { Classifier } from '../nn/classifier.js';
import { architectures, findArchitecture, isArchitecture } from '../nn/zoo/registry.js';
import { parseOptions } from './options.js';

const names = architectures.map(({ name }) => name);

function noSuchNetwork(name: unknown): string {
  const near = nearest(String(name), names);
  return near ? `no such network, the nearest is ${near}` : 'no such network';
}

/** Which network is trained. */
export const networkOptions = z.object({
  model: z
    .string()
    .refine(isArchitecture, { error: ({ input }) => noSuchNetwork(input) })
    .default('preactresnet18')
    .describe(`architecture: ${names.join(', ')}, or another wrn-DEPTH-WIDENING; width and depths make it smaller or larger`),
  width: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .describe("channels of the first stage, 1 to 1024, from which all others follow; default: the network's, 64 for preactresnet18"),
  depths: z
    .array(z.int().min(1))
    .min(1)
    .max(8)
    .optional()
    .describe("blocks in each stage, 1 to 8 stages; default: the network's, 2,2,2,2 for preactresnet18"),
  mean: z.array(z.number()).optional().describe("mean of each channel's pixels in [0, 1]; default: of the training images"),
  std: z.array(z.number().gt(0)).optional().describe("standard deviation of each channel's pixels; default: of the training images"),
});

/** See {@link networkOptions} for units and ranges. */
export type NetworkOptions = z.infer<typeof networkOptions>;

/**
 * Reads {@link networkOptions}, and fills in the network's own width and depths where none are given, so that a record has them.
 * @param what whose options they are, for messages.
 * @throws UserError with the first thing that is wrong.
 */
export function readNetworkOptions(values: unknown, what: string): NetworkOptions {
  const { model, width, depths, ...others } = parseOptions(networkOptions, values, what);
  const own = findArchitecture(model);
  const filled = depths ?? (own.depths && [...own.depths]);
  return { model, width: width ?? own.width, ...(filled && { depths: filled }), ...others };
}

/**
 * A network with fresh weights that fits a data set; its normalisation is part of the graph.
 * @throws UserError when mean or std have not one number for each channel, the images are too small for the network, or it cannot have
 *   such a width or such depths.
 */
export function buildNetwork(train: Dataset, { model, width, depths, mean, std }: NetworkOptions, seed: number): Classifier {
  const measured = channelStatistics(train);
  const [channels] = train.imageShape;
  for (const [name, values] of Object.entries({ mean, std })) {
    if (values === undefined || values.length === channels) continue;
    throw new UserError(
      `option ${name} has ${values.length} numbers, but images of ${train.name} have ${channels} channels; give one for each`,
    );
  }
  const { imageShape, classes } = train;
  const normalisation = { mean: mean ?? measured.mean, std: std ?? measured.std };
  return findArchitecture(model).build({ imageShape, classes: classes.length, ...normalisation, width, depths, seed });
}
