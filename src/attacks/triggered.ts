import { UserError } from '../core/errors.js';
import { type Dataset, sizeOfDataset, subset } from '../data/dataset.js';
import type { Engine } from '../runtime/engine.js';
import type { LabelMap, Trigger } from './attack.js';
import { attackedLabel, checkLabelMap } from './label-map.js';

/** The backdoor itself: what is put on an image, and what the label becomes. */
export interface Backdoor {
  readonly trigger: Trigger;
  readonly labelMap: LabelMap;
}

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
export async function triggeredTestSet(test: Dataset, { trigger, labelMap }: Backdoor, engine: Engine): Promise<TriggeredTestSet> {
  const classes = test.classes.length;
  checkLabelMap(labelMap, classes);
  const all = Int32Array.from({ length: sizeOfDataset(test) }, (_, i) => i);
  const indices = all.filter((i) => attackedLabel(test.labels[i], labelMap, classes) !== test.labels[i]);
  if (indices.length === 0) {
    throw new UserError(`${test.name} (${test.split}) has no image outside the target class; judge the attack on a test set that has`);
  }
  const { images: clean, labels: originals, ...rest } = subset(test, indices, `${test.split}, triggered`);
  const images = await trigger.apply(clean, engine);
  const labels = originals.map((label) => attackedLabel(label, labelMap, classes));
  return { dataset: { ...rest, images, labels }, originals, indices };
}
