import { z } from 'zod';

/** Options of defences that prune further and further, and let held-out clean images say how far. */
export const heldOutOptions = {
  acc_ratio: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe('share of the accuracy on held-out clean images that pruning may cost, 0 up to below 1'),
  held_out: z.number().gt(0).lt(1).default(0.2).describe('share of the clean images that decides how far to prune, between 0 and 1'),
};
