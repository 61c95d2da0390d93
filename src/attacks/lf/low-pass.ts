import type { ImageShape } from '../stored.js';

/** Taps of the filter, at distances of 5 from one another on a Gaussian of standard deviation 30: six pixels. */
const TAPS = 30;
const SPACING = 5;
const SIGMA = 30;
/** Taps before the pixel itself. */
const BEFORE = 14;

const weights = (() => {
  const raw = Float64Array.from({ length: TAPS }, (_, i) => Math.exp(-((SPACING * (i - (TAPS - 1) / 2)) ** 2) / (2 * SIGMA ** 2)));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
})();

/** The Gaussian low-pass filter of the LF attack on [C, H, W], first along the rows, then along the columns; zeros outside. */
export function lowPass(values: ArrayLike<number>, [, height, width]: ImageShape): Float64Array {
  const across = filter(values, width, 1, (i) => i % width);
  return filter(across, height, width, (i) => Math.floor(i / width) % height);
}

/**
 * One axis of the filter.
 * @param length of the axis; `stride` between two of its neighbours; `position` of an element on it.
 */
function filter(values: ArrayLike<number>, length: number, stride: number, position: (i: number) => number): Float64Array {
  return Float64Array.from({ length: values.length }, (_, i) => {
    const place = position(i) - BEFORE;
    let sum = 0;
    for (let k = Math.max(0, -place); k < TAPS && place + k < length; k++) sum += weights[k] * values[i + (k - BEFORE) * stride];
    return sum;
  });
}
