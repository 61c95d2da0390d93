import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { type Dataset, imageAt, pixelsPerImage, sizeOfDataset } from '../data/dataset.js';
import type { LabelMap, Poisoned, Trigger } from './attack.js';
import { attackedLabel, checkLabelMap } from './label-map.js';

/** What is put on one training image: 8-bit pixels [C, H, W] and the image's position in, a new image out. */
export type Plant = (image: Uint8Array, index: number) => Uint8Array;

/**
 * Poisons a copy of a training set with dirty labels: round(pratio N) of its N images, drawn uniformly without
 * replacement from all classes, the target included, get the trigger and the attacker's label.
 * @param pratio poison ratio, 0 < pratio <= 1.
 * @param plant what training images get where it is not the trigger of test images.
 * @throws UserError when the ratio is out of range or poisons no image, or the label map does not fit the classes.
 */
export function poisonDirtyLabel(
  train: Dataset,
  pratio: number,
  trigger: Trigger,
  labelMap: LabelMap,
  random: Random,
  plant: Plant = trigger.apply,
): Poisoned {
  checkLabelMap(labelMap, train.classes.length);
  const size = sizeOfDataset(train);
  const indices = random.fork('poison').permutation(size).subarray(0, countPoisoned(size, pratio)).sort();
  return { train: poisonAt(train, indices, plant, labelMap), indices, trigger, labelMap };
}

/**
 * Poisons a copy of a training set with clean labels: round(pratio N) images, N counting all classes, are drawn from
 * the target class alone and keep their labels.
 * @param pratio poison ratio, 0 < pratio <= 1.
 * @param plant what training images get where it is not the trigger of test images.
 * @throws UserError when the ratio is out of range, poisons no image or more than the class has, or the target is no label.
 */
export function poisonCleanLabel(
  train: Dataset,
  pratio: number,
  trigger: Trigger,
  target: number,
  random: Random,
  plant: Plant = trigger.apply,
): Poisoned {
  const labelMap: LabelMap = { kind: 'all-to-one', target };
  checkLabelMap(labelMap, train.classes.length);
  const size = sizeOfDataset(train);
  const count = countPoisoned(size, pratio);
  const members = Int32Array.from({ length: size }, (_, i) => i).filter((i) => train.labels[i] === target);
  if (count > members.length) {
    const what = `a poison ratio of ${pratio} takes ${count} of ${size} images, but class ${target} has ${members.length}`;
    const most = Math.floor((1e4 * members.length) / size) / 1e4;
    throw new UserError(`${what}, and clean labels allow no other; choose a ratio of at most ${most}`);
  }
  const drawn = random.fork('poison').permutation(members.length).subarray(0, count);
  const indices = drawn.map((position) => members[position]).sort();
  return { train: poisonAt(train, indices, plant, labelMap), indices, trigger, labelMap };
}

function poisonAt(train: Dataset, indices: Int32Array, plant: Plant, labelMap: LabelMap): Dataset {
  const images = train.images.slice();
  const labels = train.labels.slice();
  const size = pixelsPerImage(train);
  for (const index of indices) {
    images.set(plant(imageAt(train, index), index), index * size);
    labels[index] = attackedLabel(labels[index], labelMap, train.classes.length);
  }
  return { ...train, split: `${train.split}, poisoned`, images, labels };
}

/** round(pratio N), at least one. */
function countPoisoned(size: number, pratio: number): number {
  if (!(pratio > 0 && pratio <= 1)) throw new UserError(`a poison ratio of ${pratio} is out of range; choose one above 0 and up to 1`);
  const count = Math.round(pratio * size);
  if (count === 0) throw new UserError(`a poison ratio of ${pratio} poisons none of ${size} images; choose at least ${1 / size}`);
  return count;
}
