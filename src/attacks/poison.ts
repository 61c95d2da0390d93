import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { type Dataset, pixelsPerImage, sizeOfDataset, subset } from '../data/dataset.js';
import type { AttackContext, LabelMap, PoisonedData, Trigger } from './attack.js';
import { attackedLabel, checkLabelMap } from './label-map.js';

/** What is put on the poisoned training images, 8-bit pixels [N, C, H, W]; `indices` are their positions in the training set. */
export type Plant = (images: Uint8Array, indices: Int32Array) => Promise<Uint8Array>;

export interface Poisoning {
  /** Poison ratio, above 0 up to 1. */
  readonly pratio: number;
  readonly trigger: Trigger;
  /** What training images get, where it is not the trigger of test images. */
  readonly plant?: Plant;
}

/**
 * Poisons a copy of a training set with dirty labels: round(pratio N) of its N images, drawn uniformly without
 * replacement from all classes, the target included, get the trigger and the attacker's label.
 * @throws UserError when the ratio is out of range or poisons no image, or the label map does not fit the classes.
 */
export async function poisonDirtyLabel(
  train: Dataset,
  poisoning: Poisoning & { readonly labelMap: LabelMap },
  context: AttackContext,
): Promise<PoisonedData> {
  checkLabelMap(poisoning.labelMap, train.classes.length);
  const size = sizeOfDataset(train);
  const count = countPoisoned(size, poisoning.pratio);
  const indices = context.random.fork('poison').permutation(size).subarray(0, count).sort();
  return poisonAt(train, indices, poisoning, context);
}

/**
 * Poisons a copy of a training set with clean labels: round(pratio N) images, N counting all classes, are drawn from
 * the target class alone and keep their labels.
 * @throws UserError when the ratio is out of range, poisons no image or more than the class has, or the target is no label.
 */
export async function poisonCleanLabel(
  train: Dataset,
  { target, ...poisoning }: Poisoning & { readonly target: number },
  context: AttackContext,
): Promise<PoisonedData> {
  const indices = chooseCleanLabel(train, { pratio: poisoning.pratio, target }, context.random);
  return poisonAt(train, indices, { ...poisoning, labelMap: { kind: 'all-to-one', target } }, context);
}

/** Positions of the images that {@link poisonCleanLabel} poisons, ascending; throws as it does. */
export function chooseCleanLabel(train: Dataset, { pratio, target }: { pratio: number; target: number }, random: Random): Int32Array {
  checkLabelMap({ kind: 'all-to-one', target }, train.classes.length);
  const size = sizeOfDataset(train);
  const count = countPoisoned(size, pratio);
  const members = Int32Array.from(train.labels.keys()).filter((i) => train.labels[i] === target);
  if (count > members.length) {
    const what = `a poison ratio of ${pratio} takes ${count} of ${size} images, but class ${target} has ${members.length}`;
    const most = Math.floor((1e4 * members.length) / size) / 1e4;
    throw new UserError(`${what}, and clean labels allow no other; choose a ratio of at most ${most}`);
  }
  const drawn = random.fork('poison').permutation(members.length).subarray(0, count);
  return drawn.map((position) => members[position]).sort();
}

async function poisonAt(
  train: Dataset,
  indices: Int32Array,
  { trigger, labelMap, plant }: Poisoning & { readonly labelMap: LabelMap },
  { engine }: AttackContext,
): Promise<PoisonedData> {
  const chosen = subset(train, indices, 'chosen').images;
  const planted = plant ? await plant(chosen, indices) : await trigger.apply(chosen, engine);
  const labels = train.labels.slice();
  for (const index of indices) labels[index] = attackedLabel(labels[index], labelMap, train.classes.length);
  const poisoned = { ...withImages(train, indices, planted), split: `${train.split}, poisoned`, labels };
  return { kind: 'data', train: poisoned, indices, trigger, labelMap };
}

/** A copy of a data set with other pixels at some positions. */
export function withImages(dataset: Dataset, indices: Int32Array, pixels: Uint8Array): Dataset {
  const images = dataset.images.slice();
  const size = pixelsPerImage(dataset);
  indices.forEach((index, i) => {
    images.set(pixels.subarray(i * size, (i + 1) * size), index * size);
  });
  return { ...dataset, images };
}

/** round(pratio N), at least one. */
function countPoisoned(size: number, pratio: number): number {
  if (!(pratio > 0 && pratio <= 1)) throw new UserError(`a poison ratio of ${pratio} is out of range; choose one above 0 and up to 1`);
  const count = Math.round(pratio * size);
  if (count === 0) throw new UserError(`a poison ratio of ${pratio} poisons none of ${size} images; choose at least ${1 / size}`);
  return count;
}
