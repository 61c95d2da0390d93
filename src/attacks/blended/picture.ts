import type { Random } from '../../core/random.js';
import { sizeOf } from '../../core/tensor.js';
import { enlargeBicubic } from '../bicubic.js';
import type { ImageShape } from '../stored.js';

/** Side of the coarse grid that a smooth picture is enlarged from: its blobs are about an eighth of the image wide. */
const CELLS = 8;

/**
 * A picture to blend in, 8-bit pixels [C, H, W]. `smooth`: 8 x 8 random values in each channel, enlarged by bicubic
 * interpolation and stretched to 0..255. `noise`: every value uniform in 0..255, the random pattern of the paper.
 */
export function drawPicture(kind: 'smooth' | 'noise', imageShape: ImageShape, random: Random): Uint8Array {
  if (kind === 'noise') return Uint8Array.from({ length: sizeOf(imageShape) }, () => random.below(256));
  const [channels, height, width] = imageShape;
  const picture = new Uint8Array(sizeOf(imageShape));
  for (let channel = 0; channel < channels; channel++) {
    const coarse = Float64Array.from({ length: CELLS * CELLS }, () => random.uniform());
    picture.set(stretch(enlargeBicubic(coarse, CELLS, CELLS, height, width)), channel * height * width);
  }
  return picture;
}

/** Scales so that the smallest value becomes 0 and the largest 255. */
function stretch(values: Float64Array): Uint8Array {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return Uint8Array.from(values, (value) => (high > low ? Math.round((255 * (value - low)) / (high - low)) : 255));
}
