import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { batches, type RawBatch } from '../data/batches.js';
import { type Dataset, pixelsPerImage } from '../data/dataset.js';
import { train as trainClassifier } from '../train/loop.js';
import type { LabelMap, PoisonedTraining } from './attack.js';
import { attackedLabel, checkLabelMap } from './label-map.js';
import type { StaticTrigger } from './static-trigger.js';

/** Shares of a batch. */
export interface Shares {
  /** Share of a batch that is poisoned, above 0 up to 1. */
  readonly pratio: number;
  /** How many images of a batch are changed but keep their labels, given how many are poisoned. */
  readonly crossCount: (poisoned: number, batchSize: number) => number;
}

/** How an attack changes batches, one image at a time. */
export interface BatchPoison extends Shares {
  readonly labelMap: LabelMap;
  readonly trigger: StaticTrigger;
  /** Changes an image that keeps its label. */
  readonly cross: (image: Uint8Array, random: Random) => Uint8Array;
}

/**
 * Poisons every batch of a training while it is put together: the first images of the shuffled batch get the trigger and
 * the attacker's label, those that follow are changed but keep their labels, the rest stays clean. Augmentation comes after.
 * @throws UserError when the label map does not fit the classes; `batches` and `perBatch` throw it when the shares do not fit a batch.
 */
export function poisonBatches(train: Dataset, poison: BatchPoison): PoisonedTraining {
  const { labelMap, trigger } = poison;
  const classes = train.classes.length;
  checkLabelMap(labelMap, classes);
  const size = pixelsPerImage(train);
  const edit = ({ images, labels }: RawBatch, random: Random) => {
    const poisoned = countIn(labels.length, poison.pratio, random.fork('count'));
    const change = (i: number, changed: (image: Uint8Array) => Uint8Array) => {
      images.set(changed(images.subarray(i * size, (i + 1) * size)), i * size);
    };
    for (let i = 0; i < poisoned; i++) {
      change(i, trigger.put);
      labels[i] = attackedLabel(labels[i], labelMap, classes);
    }
    const end = poisoned + poison.crossCount(poisoned, labels.length);
    for (let i = poisoned; i < end; i++) change(i, (image) => poison.cross(image, random.fork('cross', i)));
  };
  return {
    kind: 'training',
    labelMap,
    trigger,
    perBatch: (batchSize) => perBatch(batchSize, poison),
    batches(options) {
      perBatch(options.batchSize, poison);
      return batches(train, { ...options, edit });
    },
    async train(engine, classifier, source, options) {
      return { ...(await trainClassifier(engine, classifier, source, options)), trigger };
    },
  };
}

/** @throws UserError when the shares do not fit a batch. */
export function perBatch(batchSize: number, { pratio, crossCount }: Shares): { poisoned: number; cross: number } {
  const whole = wholeShare(pratio, batchSize);
  const most = Math.max(1, whole);
  const cross = crossCount(most, batchSize);
  if (most + cross > batchSize) {
    const what = `${most} poisoned images and ${cross} more that are changed do not fit into a batch of ${batchSize}`;
    throw new UserError(`${what}; choose a smaller pratio, or fewer changed images for each poisoned one`);
  }
  if (whole > 0) return { poisoned: whole, cross };
  const rate = pratio * batchSize;
  return { poisoned: rate, cross: rate * cross + (1 - rate) * crossCount(0, batchSize) };
}

/** A share of so many images, rounded down; a product such as 0.29 x 100 may fall short of a whole number by its own rounding. */
export function wholeShare(share: number, count: number): number {
  return Math.floor(share * count + 1e-9);
}

/** As many whole images as the ratio gives; where it gives none, one image in some batches, so that the ratio holds on average. */
export function countIn(batchSize: number, pratio: number, random: Random): number {
  const whole = wholeShare(pratio, batchSize);
  return whole > 0 ? whole : Number(random.uniform() < pratio * batchSize);
}
