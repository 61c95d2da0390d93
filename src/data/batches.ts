import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { tensor } from '../core/tensor.js';
import { writeUnitPixels } from '../nn/pixels.js';
import type { Batch, BatchSource } from '../train/batch.js';
import type { Augmentation } from './augment.js';
import { type Dataset, imageAt, pixelsPerImage, sizeOfDataset } from './dataset.js';

export interface BatchOptions {
  /** Images per batch, from 1. */
  readonly batchSize: number;
  /** Decides order and augmentation. */
  readonly random: Random;
  /** Applied to a copy of each image, anew in each epoch; default none. */
  readonly augment?: Augmentation;
  /** Default true. */
  readonly shuffle?: boolean;
}

/**
 * Training batches of a data set: pixels as float32 in [0, 1], one-hot targets. What is left over when the images do not
 * fill a last batch is dropped, in each epoch others where the order is shuffled.
 *
 * Epoch e draws from `random.fork('epoch', e)` alone, and its batch b is augmented from a fork of its own, so the batches
 * of an epoch depend on nothing that came before.
 * @throws UserError when the data set does not fill one batch, or the batch size is not a whole number from 1.
 */
export function batches(dataset: Dataset, { batchSize, random, augment, shuffle = true }: BatchOptions): BatchSource {
  const size = sizeOfDataset(dataset);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new UserError(`a batch size of ${batchSize} makes no sense; choose a whole number from 1`);
  if (size < batchSize) {
    const what = `${dataset.name} (${dataset.split})`;
    throw new UserError(`${what} has ${size} images, too few for one batch of ${batchSize}; choose a batch size of ${size} or less`);
  }
  const batchesPerEpoch = Math.floor(size / batchSize);
  const scratch = new Uint8Array(pixelsPerImage(dataset));

  const augmented = (image: Uint8Array, draws: Random): Uint8Array => {
    if (!augment) return image;
    scratch.set(image);
    augment(scratch, dataset.imageShape, draws);
    return scratch;
  };

  return {
    batchSize,
    batchesPerEpoch,
    *epoch(number) {
      const epoch = random.fork('epoch', number);
      const order = shuffle ? epoch.fork('order').permutation(size) : Int32Array.from({ length: size }, (_, i) => i);
      for (let batch = 0; batch < batchesPerEpoch; batch++) {
        const draws = epoch.fork('augment', batch);
        const positions = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        yield makeBatch(dataset, positions, (image) => augmented(image, draws));
      }
    },
  };
}

function makeBatch(dataset: Dataset, positions: Int32Array, prepare: (image: Uint8Array) => Uint8Array): Batch {
  const pixels = pixelsPerImage(dataset);
  const classes = dataset.classes.length;
  const count = positions.length;
  const images = new Float32Array(count * pixels);
  const targets = new Float32Array(count * classes);
  for (let i = 0; i < count; i++) {
    writeUnitPixels(prepare(imageAt(dataset, positions[i])), images, i * pixels);
    targets[i * classes + dataset.labels[positions[i]]] = 1;
  }
  return {
    images: tensor('float32', [count, ...dataset.imageShape], images),
    targets: tensor('float32', [count, classes], targets),
  };
}
