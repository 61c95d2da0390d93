import type { ImageShape } from '../stored.js';

/**
 * Rounds every value to the nearest of `levels` evenly spaced ones, 0 and 255 among them: round(x/255 (L-1)) / (L-1) 255,
 * itself rounded to 8 bits. The result is a look-up table of 256 values.
 */
export function quantiser(levels: number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => Math.round(nearestLevel(value, levels)));
}

/**
 * Quantises with error diffusion (Floyd and Steinberg, 1976): what a pixel loses is given to its neighbours that come
 * later, 7/16 to the right, 3/16, 5/16 and 1/16 to those below. Each channel for itself.
 */
export function dither(image: Uint8Array, [channels, height, width]: ImageShape, levels: number): Uint8Array {
  const values = Float64Array.from(image);
  const area = height * width;
  for (let plane = 0; plane < channels * area; plane += area) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = plane + y * width + x;
        const level = nearestLevel(Math.min(255, Math.max(0, values[at])), levels);
        const error = values[at] - level;
        values[at] = level;
        if (x + 1 < width) values[at + 1] += (error * 7) / 16;
        if (y + 1 === height) continue;
        if (x > 0) values[at + width - 1] += (error * 3) / 16;
        values[at + width] += (error * 5) / 16;
        if (x + 1 < width) values[at + width + 1] += error / 16;
      }
    }
  }
  return Uint8Array.from(values, Math.round);
}

function nearestLevel(value: number, levels: number): number {
  return (Math.round((value / 255) * (levels - 1)) / (levels - 1)) * 255;
}
