import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { type Dataset, sizeOfDataset, subset } from './dataset.js';

/** How much of a data set to take. */
export type Amount =
  /** A share r of its N images, 0 < r <= 1: floor(r N / K) from each of the K classes. */
  | { readonly ratio: number }
  /** So many images in all, at least 1; class sizes differ by one at most, the larger classes are drawn. */
  | { readonly count: number };

/**
 * Draws a class-balanced part of a data set, without replacement, in class order: the clean images of a defender.
 * Same data set, amount and generator: same images.
 * @param split name of the result's split; default says how many images it has.
 * @throws UserError when the amount is out of range, leaves a class empty (ratio), or asks more of a class than it has.
 */
export function stratified(dataset: Dataset, amount: Amount, random: Random, split?: string): Dataset {
  const members = byClass(dataset);
  const wanted = classSizes(dataset, amount, random);
  const drawn = members.flatMap((positions, label) => {
    if (wanted[label] > positions.length) throw tooSmall(dataset, label, positions.length, wanted[label]);
    const order = random.fork('class', label).permutation(positions.length).subarray(0, wanted[label]);
    return Array.from(order, (i) => positions[i]);
  });
  return subset(dataset, drawn, split ?? `${dataset.split}, ${drawn.length} class-balanced`);
}

/** The two parts of a split data set. */
export interface Halves {
  readonly held: Dataset;
  readonly rest: Dataset;
}

/**
 * Splits a data set in two, class by class, e.g. to hold out a part of the clean images. Each class that occurs gives
 * round(fraction n) of its n images to `held`, but at least one, and leaves at least one in `rest`.
 * Both parts keep the order of the data set.
 * @param fraction share held out, 0 < fraction < 1.
 * @throws UserError when the fraction is out of range or a class has a single image.
 */
export function split(dataset: Dataset, fraction: number, random: Random): Halves {
  if (!(fraction > 0 && fraction < 1)) throw new UserError(`cannot hold out ${fraction} of the images; choose a share between 0 and 1`);
  const isHeld = new Uint8Array(sizeOfDataset(dataset));
  byClass(dataset).forEach((positions, label) => {
    const size = positions.length;
    if (size === 0) return;
    if (size === 1) throw tooSmall(dataset, label, 1, 2);
    const count = Math.min(Math.max(Math.round(fraction * size), 1), size - 1);
    for (const i of random.fork('class', label).permutation(size).subarray(0, count)) isHeld[positions[i]] = 1;
  });
  const all = Array.from(isHeld.keys());
  return {
    held: subset(
      dataset,
      all.filter((i) => isHeld[i]),
      `${dataset.split}, held out`,
    ),
    rest: subset(
      dataset,
      all.filter((i) => !isHeld[i]),
      `${dataset.split}, rest`,
    ),
  };
}

/** Positions of each class's images, ascending. */
function byClass({ classes, labels }: Dataset): number[][] {
  const members: number[][] = classes.map(() => []);
  labels.forEach((label, position) => {
    members[label].push(position);
  });
  return members;
}

function classSizes(dataset: Dataset, amount: Amount, random: Random): number[] {
  const classes = dataset.classes.length;
  const size = sizeOfDataset(dataset);
  if ('count' in amount) {
    const { count } = amount;
    if (!Number.isInteger(count) || count < 1) throw new UserError(`cannot draw ${count} images; choose a whole number from 1`);
    const extra = new Set(
      random
        .fork('extra')
        .permutation(classes)
        .subarray(0, count % classes),
    );
    return Array.from({ length: classes }, (_, label) => Math.floor(count / classes) + (extra.has(label) ? 1 : 0));
  }
  const { ratio } = amount;
  if (!(ratio > 0 && ratio <= 1)) throw new UserError(`cannot draw a share of ${ratio}; choose one above 0 and up to 1`);
  // Products such as 0.29 * 100 come out just under the whole number that they stand for.
  const perClass = Math.floor((ratio * size) / classes + 1e-9);
  if (perClass === 0) {
    throw new UserError(
      `a share of ${ratio} of the ${size} images is none for each of ${classes} classes; choose at least ${classes / size}`,
    );
  }
  return new Array<number>(classes).fill(perClass);
}

function tooSmall(dataset: Dataset, label: number, has: number, needs: number): UserError {
  const where = `class '${dataset.classes[label]}' of ${dataset.name} (${dataset.split})`;
  return new UserError(`${where} has ${has} image${has === 1 ? '' : 's'}, but ${needs} are needed; choose a smaller amount or more data`);
}
