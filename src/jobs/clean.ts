import { z } from 'zod';
import { Random } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import { stratified } from '../data/sample.js';
import { parseOptions } from './options.js';

/** Which clean images a defender has. */
export const cleanOptions = z.object({
  ratio: z.number().gt(0).max(1).default(0.05).describe('share of the training images that the defence gets, clean; above 0 up to 1'),
});

/**
 * Draws the clean images that a defender has: the same number from each class of the training set, at random.
 * Same data set, ratio and seed: same images.
 * @param ratio share of all training images, 0 < ratio <= 1; default 0.05.
 * @param seed any integer; default 0.
 * @throws UserError when the ratio is out of range, gives no image for a class, or asks more of a class than it has.
 */
export function drawClean(train: Dataset, { ratio, seed = 0 }: { ratio?: number; seed?: number } = {}): Dataset {
  const amount = parseOptions(cleanOptions, { ratio }, 'the clean images');
  return stratified(train, amount, new Random(seed).fork('clean'), `${train.split}, clean`);
}
