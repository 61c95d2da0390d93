/** Coefficient of the cubic that PyTorch interpolates with. */
const A = -0.75;

/**
 * Enlarges a plane by bicubic interpolation, corners on corners, as PyTorch does with `align_corners`. Beyond the border
 * the outermost values go on.
 * @param values row by row, `rows` x `columns`.
 * @returns row by row, `height` x `width`.
 */
export function enlargeBicubic(values: ArrayLike<number>, rows: number, columns: number, height: number, width: number): Float64Array {
  const vertical = tapsOf(rows, height);
  const horizontal = tapsOf(columns, width);
  const enlarged = new Float64Array(height * width);
  vertical.forEach((down, y) => {
    horizontal.forEach((right, x) => {
      let sum = 0;
      for (const { at: row, weight } of down) {
        let across = 0;
        for (const { at: column, weight: share } of right) across += share * values[row * columns + column];
        sum += weight * across;
      }
      enlarged[y * width + x] = sum;
    });
  });
  return enlarged;
}

interface Tap {
  readonly at: number;
  readonly weight: number;
}

/** For each output, the four inputs that it is made of. */
function tapsOf(inputs: number, outputs: number): Tap[][] {
  const scale = outputs > 1 ? (inputs - 1) / (outputs - 1) : 0;
  return Array.from({ length: outputs }, (_, i) => {
    const position = i * scale;
    const before = Math.floor(position);
    const t = position - before;
    return [far(t + 1), near(t), near(1 - t), far(2 - t)].map((weight, j) => ({
      at: Math.min(inputs - 1, Math.max(0, before - 1 + j)),
      weight,
    }));
  });
}

/** Weight of an input at a distance of 0..1. */
function near(d: number): number {
  return ((A + 2) * d - (A + 3)) * d * d + 1;
}

/** Weight of an input at a distance of 1..2. */
function far(d: number): number {
  return ((A * d - 5 * A) * d + 8 * A) * d - 4 * A;
}
