import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { type Dataset, imageAt, pixelsPerImage, sizeOfDataset } from '../data/dataset.js';
import type { LabelMap, Poisoned, Trigger } from './attack.js';
import { attackedLabel, checkLabelMap } from './label-map.js';

/**
 * Poisons a copy of a training set with dirty labels: round(pratio N) of its N images, drawn uniformly without
 * replacement from all classes, the target included, get the trigger and the attacker's label.
 * @param pratio poison ratio, 0 < pratio <= 1.
 * @throws UserError when the ratio is out of range or poisons no image, or the label map does not fit the classes.
 */
export function poisonDirtyLabel(train: Dataset, pratio: number, trigger: Trigger, labelMap: LabelMap, random: Random): Poisoned {
  checkLabelMap(labelMap, train.classes.length);
  const indices = choosePoisoned(sizeOfDataset(train), pratio, random.fork('poison'));
  const images = train.images.slice();
  const labels = train.labels.slice();
  const size = pixelsPerImage(train);
  for (const index of indices) {
    images.set(trigger.apply(imageAt(train, index)), index * size);
    labels[index] = attackedLabel(labels[index], labelMap, train.classes.length);
  }
  return { train: { ...train, split: `${train.split}, poisoned`, images, labels }, indices, trigger, labelMap };
}

/** Positions of round(pratio N) of N images, ascending. */
function choosePoisoned(size: number, pratio: number, random: Random): Int32Array {
  if (!(pratio > 0 && pratio <= 1)) throw new UserError(`a poison ratio of ${pratio} is out of range; choose one above 0 and up to 1`);
  const count = Math.round(pratio * size);
  if (count === 0) throw new UserError(`a poison ratio of ${pratio} poisons none of ${size} images; choose at least ${1 / size}`);
  return random.permutation(size).subarray(0, count).sort();
}
