import { z } from 'zod';
import { Random } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import { stratified } from '../data/sample.js';
import type { DatasetParts } from '../data/source.js';

/** Which data, and how much of it. */
export const dataOptions = z.object({
  data: z
    .string()
    .default('mnist')
    .describe(
      'data set by name (`antidote data list` shows all), or path of your own images: a folder or tar of train/CLASS/FILE and test/CLASS/FILE',
    ),
  from: z.string().optional().describe("archive or folder that holds a named data set's files; default: as `antidote data get` left it"),
  image_size: z
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe('height and width to which your own images are resized, pixels; default: they have one size already'),
  train_images: z.int().min(1).optional().describe('training images to use, class-balanced, drawn by the seed; default: all'),
  test_images: z.int().min(1).optional().describe('test images to use, class-balanced, drawn by the seed; default: all'),
});

/** See {@link dataOptions}. */
export type DataOptions = z.infer<typeof dataOptions>;

/**
 * The parts of a data set, each cut down to so many images where a number is given.
 * @throws UserError when a class has fewer images than that takes.
 */
export function limitImages(parts: DatasetParts, { train_images, test_images }: Partial<DataOptions>, seed: number): DatasetParts {
  const random = new Random(seed).fork('limit');
  const limit = (part: Dataset, count: number | undefined) =>
    count === undefined ? part : stratified(part, { count }, random.fork(part.split), part.split);
  return { train: limit(parts.train, train_images), test: limit(parts.test, test_images) };
}
