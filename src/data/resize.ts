import type { RgbImage } from './rgb-image.js';

/** Weights are whole multiples of 2^-22, so that the result does not depend on floating-point sums. */
const PRECISION = 22;

/**
 * Resizes by bilinear interpolation with antialiasing, in 8 bits: bit for bit what Pillow's bilinear filter gives, with
 * which the published models were trained. First every row, then every column; each pass is rounded to 8 bits.
 */
export function resizeBilinear(image: RgbImage, width: number, height: number): RgbImage {
  return resizeColumns(resizeRows(image, width), height);
}

function resizeRows(image: RgbImage, width: number): RgbImage {
  if (width === image.width) return image;
  const { height } = image;
  const pixels = new Uint8Array(3 * width * height);
  tapsOf(image.width, width).forEach(({ first, weights }, x) => {
    for (let y = 0; y < height; y++) {
      const from = 3 * (y * image.width + first);
      for (let c = 0; c < 3; c++) pixels[3 * (y * width + x) + c] = weigh(image.pixels, from + c, 3, weights);
    }
  });
  return { width, height, pixels };
}

function resizeColumns(image: RgbImage, height: number): RgbImage {
  if (height === image.height) return image;
  const stride = 3 * image.width;
  const pixels = new Uint8Array(stride * height);
  tapsOf(image.height, height).forEach(({ first, weights }, y) => {
    for (let i = 0; i < stride; i++) pixels[y * stride + i] = weigh(image.pixels, first * stride + i, stride, weights);
  });
  return { width: image.width, height, pixels };
}

/** What one output value is made of: neighbouring inputs from `first` on, and their weights in units of 2^-22. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * A triangle of radius f = max(n / m, 1) inputs around each output's centre. Where the image shrinks it covers all inputs
 * that fall into the output; where it grows it is plain linear interpolation.
 */
function tapsOf(inputs: number, outputs: number): Taps[] {
  const scale = inputs / outputs;
  const radius = Math.max(scale, 1);
  return Array.from({ length: outputs }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - radius + 0.5));
    const end = Math.min(inputs, Math.floor(centre + radius + 0.5));
    const raw = Array.from({ length: end - first }, (_, j) => Math.max(0, 1 - Math.abs(first + j + 0.5 - centre) / radius));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return { first, weights: raw.map((weight) => Math.floor(0.5 + (weight / sum) * 2 ** PRECISION)) };
  });
}

/** The weighted sum, rounded and cut to 0..255. At most 255 * (2^22 + taps) and so within 31 bits for any image read here. */
function weigh(values: Uint8Array, start: number, step: number, weights: readonly number[]): number {
  let sum = 1 << (PRECISION - 1);
  for (let j = 0; j < weights.length; j++) sum += weights[j] * values[start + j * step];
  return Math.min(255, Math.max(0, sum >> PRECISION));
}
