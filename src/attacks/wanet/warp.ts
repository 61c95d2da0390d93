import type { Random } from '../../core/random.js';
import { enlargeBicubic } from '../bicubic.js';
import type { ImageShape } from '../stored.js';

/** How an image is warped: for each pixel, row by row, where in the image it is taken from, as x then y in [-1, 1]. */
export type Grid = Float64Array;

/** What a warp is made of. */
export interface Warp {
  /** Side of the coarse grid. */
  readonly k: number;
  /** How far pixels move; at 0.5 about a quarter of a pixel on average, half a pixel at most or so. */
  readonly s: number;
  /** Factor of all positions; 1 leaves the image's size alone. */
  readonly grid_rescale: number;
  /** The coarse grid: k x k shifts in x, then k x k in y; their magnitudes are 1 on average. */
  readonly psi: readonly number[];
}

/** Draws a coarse grid: uniform shifts, scaled so that their magnitudes are 1 on average. */
export function drawPsi(k: number, random: Random): number[] {
  const raw = Array.from({ length: 2 * k * k }, () => random.between(-1, 1));
  const mean = raw.reduce((sum, value) => sum + Math.abs(value), 0) / raw.length;
  return raw.map((value) => value / mean);
}

/**
 * The elastic grid of WaNet: clamp((identity + s ψ↑ / side) · grid_rescale, -1, 1), ψ↑ being ψ enlarged by bicubic
 * interpolation and the side the image's height for y and its width for x.
 */
export function elasticGrid({ k, s, grid_rescale, psi }: Warp, [, height, width]: ImageShape): Grid {
  const right = enlargeBicubic(psi.slice(0, k * k), k, k, height, width);
  const down = enlargeBicubic(psi.slice(k * k), k, k, height, width);
  const grid = new Float64Array(2 * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      grid[2 * i] = clamp((place(x, width) + (s * right[i]) / width) * grid_rescale);
      grid[2 * i + 1] = clamp((place(y, height) + (s * down[i]) / height) * grid_rescale);
    }
  }
  return grid;
}

/** The grid with every position moved once more at random, by up to half a pixel. */
export function disturbGrid(grid: Grid, [, height, width]: ImageShape, random: Random): Grid {
  return grid.map((value, i) => clamp(value + random.between(-1, 1) / (i % 2 === 0 ? width : height)));
}

/**
 * Takes every pixel from where the grid says, by bilinear interpolation, -1 and 1 being the centres of the outermost
 * pixels (PyTorch's `align_corners`); rounded to whole numbers.
 */
export function warpImage(image: Uint8Array, [channels, height, width]: ImageShape, grid: Grid): Uint8Array {
  const warped = new Uint8Array(image.length);
  const area = height * width;
  for (let i = 0; i < area; i++) {
    const x = ((grid[2 * i] + 1) / 2) * (width - 1);
    const y = ((grid[2 * i + 1] + 1) / 2) * (height - 1);
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
    const [fx, fy] = [x - left, y - top];
    for (let plane = 0; plane < channels * area; plane += area) {
      const upper = (1 - fx) * image[plane + top * width + left] + fx * image[plane + top * width + right];
      const lower = (1 - fx) * image[plane + bottom * width + left] + fx * image[plane + bottom * width + right];
      warped[plane + i] = Math.round((1 - fy) * upper + fy * lower);
    }
  }
  return warped;
}

/** Position i of n in [-1, 1]. */
function place(i: number, n: number): number {
  return n > 1 ? -1 + (2 * i) / (n - 1) : -1;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(-1, value));
}
