import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { sizeOf, tensor } from '../core/tensor.js';
import { unitPixels } from '../nn/pixels.js';
import type { Batch, BatchSource } from '../train/batch.js';
import type { Augmentation } from './augment.js';
import { type Dataset, sizeOfDataset, subset } from './dataset.js';

/** Images and labels of a batch, its own copies, to be changed in place: 8-bit pixels [B, C, H, W] and a label for each. */
export interface RawBatch {
  readonly images: Uint8Array;
  readonly labels: Int32Array;
}

export interface BatchOptions {
  /** Images per batch, from 1. */
  readonly batchSize: number;
  /** Decides order, edits and augmentation. */
  readonly random: Random;
  /** Changes a batch before it is augmented; default not at all. Same batch and generator: same result. */
  readonly edit?: (batch: RawBatch, random: Random) => void;
  /** Applied to a copy of each image, anew in each epoch; default none. */
  readonly augment?: Augmentation;
  /** Only so many images, the first of the data set, are augmented; default all. */
  readonly augmented?: number;
  /** Default true. */
  readonly shuffle?: boolean;
}

/**
 * Training batches of a data set: pixels as float32 in [0, 1], one-hot targets. What is left over when the images do not
 * fill a last batch is dropped, in each epoch others where the order is shuffled.
 *
 * Epoch e draws from `random.fork('epoch', e)` alone, and its batch b is edited and augmented from forks of its own, so the
 * batches of an epoch depend on nothing that came before.
 * @throws UserError when the data set does not fill one batch, or the batch size is not a whole number from 1.
 */
export function batches(
  dataset: Dataset,
  { batchSize, random, edit, augment, augmented = sizeOfDataset(dataset), shuffle = true }: BatchOptions,
): BatchSource {
  const size = sizeOfDataset(dataset);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new UserError(`a batch size of ${batchSize} makes no sense; choose a whole number from 1`);
  if (size < batchSize) {
    const what = `${dataset.name} (${dataset.split})`;
    throw new UserError(`${what} has ${size} images, too few for one batch of ${batchSize}; choose a batch size of ${size} or less`);
  }
  const batchesPerEpoch = Math.floor(size / batchSize);
  return {
    batchSize,
    batchesPerEpoch,
    *epoch(number) {
      const epoch = random.fork('epoch', number);
      const order = shuffle ? epoch.fork('order').permutation(size) : Int32Array.from({ length: size }, (_, i) => i);
      for (let batch = 0; batch < batchesPerEpoch; batch++) {
        const positions = order.subarray(batch * batchSize, (batch + 1) * batchSize);
        const raw = copyImages(dataset, positions);
        edit?.(raw, epoch.fork('edit', batch));
        if (augment) augmentAll(raw, (i) => positions[i] < augmented, augment, dataset, epoch.fork('augment', batch));
        yield makeBatch(raw, dataset);
      }
    },
  };
}

function copyImages(dataset: Dataset, positions: Int32Array): RawBatch {
  const { images, labels } = subset(dataset, positions, 'batch');
  return { images, labels };
}

function augmentAll(
  { images, labels }: RawBatch,
  wanted: (index: number) => boolean,
  augment: Augmentation,
  { imageShape }: Dataset,
  random: Random,
): void {
  const pixels = sizeOf(imageShape);
  for (const i of labels.keys()) if (wanted(i)) augment(images.subarray(i * pixels, (i + 1) * pixels), imageShape, random);
}

function makeBatch({ images, labels }: RawBatch, { imageShape, classes }: Dataset): Batch {
  const targets = new Float32Array(labels.length * classes.length);
  labels.forEach((label, i) => {
    targets[i * classes.length + label] = 1;
  });
  return { images: unitPixels(images, imageShape), targets: tensor('float32', [labels.length, classes.length], targets) };
}
