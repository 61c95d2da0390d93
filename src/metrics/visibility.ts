import type { TriggeredTestSet } from '../attacks/triggered.js';
import { type Dataset, imageAt } from '../data/dataset.js';

/** How much a trigger changes images, on average over many. */
export interface Visibility {
  /** Peak signal-to-noise ratio, decibels, mean over the images that the trigger changes; the higher, the less is seen. Null where it changes none. */
  readonly psnr: number | null;
  /** Structural similarity, mean over the images; 1 where nothing is changed. */
  readonly ssim: number;
  /** Largest change of any value of any image, 0..255. */
  readonly linf: number;
  /** Share of the images that the trigger changes at all, 0..1. */
  readonly changed: number;
  /** Number of images that were looked at. */
  readonly images: number;
}

/** Images that are compared at most; the numbers hardly change with more. */
const MOST_IMAGES = 500;

/**
 * Compares test images with and without the trigger: up to 500 of them, evenly spaced.
 * @param test the clean test set that the triggered one was made from.
 */
export function triggerVisibility(test: Dataset, { dataset, indices }: TriggeredTestSet): Visibility {
  const images = Math.min(indices.length, MOST_IMAGES);
  const ratios: number[] = [];
  let similarity = 0;
  let linf = 0;
  for (let i = 0; i < images; i++) {
    const position = Math.floor((i * indices.length) / images);
    const [clean, triggered] = [imageAt(test, indices[position]), imageAt(dataset, position)];
    const ratio = peakSignalToNoise(clean, triggered);
    if (ratio < Number.POSITIVE_INFINITY) ratios.push(ratio);
    similarity += structuralSimilarity(clean, triggered, test.imageShape);
    linf = Math.max(linf, largestChange(clean, triggered));
  }
  const psnr = ratios.length > 0 ? ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length : null;
  return { psnr, ssim: similarity / images, linf, changed: ratios.length / images, images };
}

/** Peak signal-to-noise ratio of two images of 8-bit values: 10 log10(255² / MSE), decibels; infinite for equal ones. */
export function peakSignalToNoise(a: Uint8Array, b: Uint8Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i] - b[i]) ** 2;
  return 10 * Math.log10((255 * 255 * a.length) / squares);
}

/** Largest difference between two images at any value, 0..255. */
export function largestChange(a: Uint8Array, b: Uint8Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
}

const WINDOW = 11;
const SIGMA = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/**
 * Structural similarity of two images (Wang, Bovik, Sheikh, Simoncelli, IEEE Transactions on Image Processing, 2004), at most 1: the
 * mean of (2 μ_a μ_b + C₁) (2 σ_ab + C₂) / ((μ_a² + μ_b² + C₁) (σ_a² + σ_b² + C₂)) over all places where a window of 11 x 11,
 * weighted by a Gaussian of 1.5 pixels, lies inside, and over the channels. Smaller images take the largest odd window.
 */
export function structuralSimilarity(a: Uint8Array, b: Uint8Array, [channels, height, width]: Dataset['imageShape']): number {
  const side = Math.min(height, width);
  const weights = gaussian(Math.min(WINDOW, side % 2 === 1 ? side : side - 1));
  const area = height * width;
  let total = 0;
  for (let channel = 0; channel < channels; channel++) {
    const [x, y] = [a, b].map((image) => Float64Array.from(image.subarray(channel * area, (channel + 1) * area)));
    const blur = (values: Float64Array) => blurInside(values, height, width, weights);
    const [mx, my] = [blur(x), blur(y)];
    const [xx, yy, xy] = [blur(product(x, x)), blur(product(y, y)), blur(product(x, y))];
    let sum = 0;
    for (let i = 0; i < mx.length; i++) {
      const means = mx[i] * my[i];
      const squares = mx[i] ** 2 + my[i] ** 2;
      sum += ((2 * means + C1) * (2 * (xy[i] - means) + C2)) / ((squares + C1) * (xx[i] + yy[i] - squares + C2));
    }
    total += sum / mx.length;
  }
  return total / channels;
}

function gaussian(size: number): Float64Array {
  const raw = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * SIGMA ** 2)));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * b[i]);
}

/** Weighted means over all windows that lie inside, first along the rows, then along the columns. */
function blurInside(values: Float64Array, height: number, width: number, weights: Float64Array): Float64Array {
  const size = weights.length;
  const columns = width - size + 1;
  const rows = height - size + 1;
  const across = new Float64Array(height * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      for (let k = 0; k < size; k++) across[y * columns + x] += weights[k] * values[y * width + x + k];
    }
  }
  const down = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let k = 0; k < size; k++) down[y * columns + x] += weights[k] * across[(y + k) * columns + x];
    }
  }
  return down;
}
