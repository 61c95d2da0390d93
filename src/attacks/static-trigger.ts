import { UserError } from '../core/errors.js';
import { sizeOf } from '../core/tensor.js';
import type { Trigger } from './attack.js';
import type { ImageShape } from './stored.js';

/** A trigger without a network, which is put on one image at a time. */
export interface StaticTrigger extends Trigger {
  /** From the 8-bit pixels of one image, [C, H, W], to those of a new one. */
  put(image: Uint8Array): Uint8Array;
  apply(images: Uint8Array): Promise<Uint8Array>;
}

/** A trigger from what it does to one image. */
export function staticTrigger(description: Trigger['description'], imageShape: ImageShape, put: StaticTrigger['put']): StaticTrigger {
  return {
    description,
    put,
    async apply(images) {
      checkImages(images, imageShape);
      return mapImages(images, imageShape, put);
    },
  };
}

/** New images [N, C, H, W] from old ones, one at a time. */
export function mapImages(images: Uint8Array, imageShape: ImageShape, put: (image: Uint8Array, index: number) => Uint8Array): Uint8Array {
  const size = sizeOf(imageShape);
  const changed = new Uint8Array(images.length);
  for (let start = 0; start < images.length; start += size) {
    changed.set(put(images.subarray(start, start + size), start / size), start);
  }
  return changed;
}

/** @throws UserError when the pixels cannot be images of the shape that a trigger was made for. */
export function checkImages(images: Uint8Array, imageShape: ImageShape): void {
  if (images.length % sizeOf(imageShape) === 0) return;
  const made = imageShape.join(' x ');
  throw new UserError(
    `the trigger was made for images of ${made}, which ${images.length} values do not fill; use the data set of the attack`,
  );
}
