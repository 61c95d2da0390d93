/** The parameter of the cubic kernel that image libraries use. */
const A = -0.75;

/**
 * Weights of cubic interpolation from `points` values to `size`, first onto first and last onto last; values beyond the ends
 * repeat the end.
 * @param points from 2; `size` from 2.
 * @returns [size, points], row by row; each row sums to 1.
 */
export function cubicInterpolation(points: number, size: number): Float32Array {
  const weights = new Float32Array(size * points);
  for (let i = 0; i < size; i++) {
    const place = (i * (points - 1)) / (size - 1);
    const left = Math.floor(place);
    for (let point = left - 1; point <= left + 2; point++) {
      weights[i * points + Math.min(Math.max(point, 0), points - 1)] += kernel(Math.abs(place - point));
    }
  }
  return weights;
}

/** Keys' cubic convolution kernel at a distance t >= 0. */
function kernel(t: number): number {
  if (t <= 1) return ((A + 2) * t - (A + 3)) * t * t + 1;
  if (t < 2) return ((A * t - 5 * A) * t + 8 * A) * t - 4 * A;
  return 0;
}
