import type { Dataset } from '../data/dataset.js';

/**
 * A small made-up data set for tests: `perClass` images of each class in turn (labels 0, 1, .., K-1, 0, 1, ..).
 * Every pixel of image i has the value i mod 251, so that an image tells where it came from.
 */
export function madeUpDataset(perClass: number, classes: number, imageShape: readonly [number, number, number] = [1, 4, 4]): Dataset {
  const count = perClass * classes;
  const pixels = imageShape[0] * imageShape[1] * imageShape[2];
  return {
    name: 'made-up',
    split: 'train',
    classes: Array.from({ length: classes }, (_, label) => `class ${label}`),
    imageShape,
    images: Uint8Array.from({ length: count * pixels }, (_, i) => Math.floor(i / pixels) % 251),
    labels: Int32Array.from({ length: count }, (_, i) => i % classes),
    checksums: {},
  };
}

/** Like {@link madeUpDataset}, but its pixels are noise, so that whatever moves, blends or filters them shows. */
export function noisyDataset(perClass: number, classes: number, imageShape: readonly [number, number, number]): Dataset {
  const made = madeUpDataset(perClass, classes, imageShape);
  return { ...made, images: made.images.map((_, i) => Math.imul(i + 1, 2654435761) >>> 24) };
}
