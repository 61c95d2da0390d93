import { UserError } from '../core/errors.js';
import { type Dataset, imageAt, pixelsPerImage, sizeOfDataset } from './dataset.js';
import { resizeBilinear } from './resize.js';
import type { RgbImage } from './rgb-image.js';

/** Most bytes that resized images may take. */
const LIMIT = 2 ** 32;

/**
 * The images of a data set in the shape that a model takes: resized, grey ones given three equal channels, and coloured ones
 * made grey. Labels stay.
 * @param imageShape channels, height, width.
 * @throws UserError when either has another number of channels than 1 or 3, or the result would not fit in memory.
 */
export function fitImages(dataset: Dataset, imageShape: readonly [number, number, number]): Dataset {
  if (dataset.imageShape.join() === imageShape.join()) return dataset;
  const [channels, height, width] = imageShape;
  const [from] = dataset.imageShape;
  if ([from, channels].some((count) => count !== 1 && count !== 3)) {
    throw new UserError(`images of ${dataset.name} have ${from} channels, but the model takes ${channels}; use the data set of the model`);
  }
  const count = sizeOfDataset(dataset);
  const size = pixelsPerImage({ imageShape });
  if (count * size > LIMIT) {
    throw new UserError(
      `${count} images of ${dataset.name} at ${height} x ${width} pixels take ${Math.ceil((count * size) / 2 ** 30)} GiB; use fewer, with --train-images and --test-images`,
    );
  }
  const images = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    const { pixels } = resizeBilinear(toRgb(imageAt(dataset, i), dataset), width, height);
    for (let c = 0; c < channels; c++) {
      const start = i * size + c * height * width;
      for (let at = 0; at < height * width; at++) images[start + at] = channels === 3 ? pixels[3 * at + c] : grey(pixels, 3 * at);
    }
  }
  return { ...dataset, imageShape, images };
}

/** Brightness of a pixel as ITU-R BT.601 weighs the colours, in units of 2^-16, which add up to 1: equal colours stay what they are. */
function grey(pixels: Uint8Array, at: number): number {
  return (19595 * pixels[at] + 38470 * pixels[at + 1] + 7471 * pixels[at + 2] + 0x8000) >> 16;
}

/** Planes, one or three of them, as an image of interleaved colours. */
function toRgb(planes: Uint8Array, { imageShape: [channels, height, width] }: Dataset): RgbImage {
  const plane = height * width;
  const pixels = new Uint8Array(3 * plane);
  for (let at = 0; at < plane; at++) for (let c = 0; c < 3; c++) pixels[3 * at + c] = planes[(channels === 1 ? 0 : c * plane) + at];
  return { width, height, pixels };
}
