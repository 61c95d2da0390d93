import { UserError } from '../core/errors.js';
import { type Dataset, imageAt, pixelsPerImage, sizeOfDataset } from '../data/dataset.js';
import type { Poisoned } from './attack.js';
import { attackedLabel, checkLabelMap } from './label-map.js';

/** The backdoor itself: what is put on an image, and what the label becomes. */
export type Backdoor = Pick<Poisoned, 'trigger' | 'labelMap'>;

/** A test set with the trigger on every image. Position i means the same image throughout. */
export interface TriggeredTestSet {
  /** Triggered images; their labels are what the attacker wants. */
  readonly dataset: Dataset;
  /** True labels. */
  readonly originals: Int32Array;
  /** Positions in the clean test set, ascending. */
  readonly indices: Int32Array;
}

/**
 * The test set on which an attack is judged. All-to-one: every image whose true label is not the target already;
 * all-to-all: every image.
 * @throws UserError when the label map does not fit the classes, no image is left, or the trigger was made for another size.
 */
export function triggeredTestSet(test: Dataset, { trigger, labelMap }: Backdoor): TriggeredTestSet {
  const classes = test.classes.length;
  checkLabelMap(labelMap, classes);
  const all = Int32Array.from({ length: sizeOfDataset(test) }, (_, i) => i);
  const indices = all.filter((i) => attackedLabel(test.labels[i], labelMap, classes) !== test.labels[i]);
  if (indices.length === 0) {
    throw new UserError(`${test.name} (${test.split}) has no image outside the target class; judge the attack on a test set that has`);
  }
  const size = pixelsPerImage(test);
  const images = new Uint8Array(indices.length * size);
  indices.forEach((index, i) => {
    images.set(trigger.apply(imageAt(test, index)), i * size);
  });
  const originals = indices.map((index) => test.labels[index]);
  const labels = originals.map((label) => attackedLabel(label, labelMap, classes));
  return { dataset: { ...test, split: `${test.split}, triggered`, images, labels }, originals, indices };
}
