/** A small dense matrix as rows. */
export type Matrix = readonly (readonly number[])[];

/**
 * A bilinear algorithm for the correlation y[i] = Σ_k w[k] · d[i + k] with i < m and k < r:
 *
 *   y = A [(G w) ⊙ (B d)],   A: m × n,   G: n × r,   B: n × n,   n = m + r - 1,
 *
 * n multiplications in place of m·r.
 */
export interface Bilinear {
  readonly output: Matrix;
  readonly weight: Matrix;
  readonly input: Matrix;
}

/**
 * Points at which polynomials are evaluated, besides infinity. Those that come first make the smallest rounding errors: with up
 * to five of them, that is n = 6, an error of a few units in the sixth digit.
 */
const POINTS = [0, 1, -1, 0.5, -2] as const;

/** The most multiplications n that are still exact enough in 32 bits. */
export const MOST_PRODUCTS = POINTS.length + 1;

/**
 * Winograd's minimal filtering F(m, r) by the method of Toom and Cook.
 *
 * The product s(z) = w(z) g(z) of polynomials with r and m coefficients has n of them, so its values at n - 1 points p_j, with
 * its leading coefficient as the value at infinity, give it back: s = V⁻¹ [(E_r w) ⊙ (E_m g)], where E_q holds the powers
 * p_j^0 … p_j^(q-1) of each point, the last row the unit vector of the leading coefficient, and V = E_n. For fixed w that is a
 * linear map g -> s, and the correlation is its adjoint d -> y (it sums over the same pairs with the other index free):
 * y = E_mᵀ [(E_r w) ⊙ (V⁻ᵀ d)].
 *
 * Each product may be scaled by any number on one side and by its inverse on the other; here the rows of V⁻ᵀ by the
 * N_j = Π_(i≠j) (p_j - p_i), which makes small exact numbers of them.
 *
 * Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
 * CVPR 2016.
 *
 * With one output or one tap there is nothing to save, and the correlation is written out as it is.
 * @param outputs m, from 1.
 * @param taps r, from 1; m + r - 1 is at most {@link MOST_PRODUCTS}.
 */
export function toomCook(outputs: number, taps: number): Bilinear {
  const products = outputs + taps - 1;
  if (taps === 1) return { output: identity(outputs), weight: filled(outputs, 1, 1), input: identity(outputs) };
  if (outputs === 1) return { output: filled(1, taps, 1), weight: identity(taps), input: identity(taps) };
  if (products > MOST_PRODUCTS) throw new Error(`F(${outputs}, ${taps}) takes ${products} points, and there are ${MOST_PRODUCTS}`);
  const points = POINTS.slice(0, products - 1);
  const evaluate = (coefficients: number): number[][] => [
    ...points.map((point) => Array.from({ length: coefficients }, (_, power) => point ** power)),
    Array.from({ length: coefficients }, (_, power) => (power === coefficients - 1 ? 1 : 0)),
  ];
  const scales = [...points.map((p, j) => points.reduce<number>((product, q, i) => (i === j ? product : product * (p - q)), 1)), 1];
  return {
    output: transpose(evaluate(outputs)),
    weight: evaluate(taps).map((row, j) => row.map((value) => value / scales[j])),
    input: transpose(invert(evaluate(products))).map((row, j) => row.map((value) => value * scales[j])),
  };
}

/** A matrix of equal numbers. */
export function filled(rows: number, columns: number, value: number): number[][] {
  return Array.from({ length: rows }, () => new Array<number>(columns).fill(value));
}

function identity(size: number): number[][] {
  return filled(size, size, 0).map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
}

export function transpose(matrix: Matrix): number[][] {
  return matrix[0].map((_, column) => matrix.map((row) => row[column]));
}

/** Gauss and Jordan with the largest pivot of each column. */
function invert(matrix: Matrix): number[][] {
  const size = matrix.length;
  const rows = identity(size).map((unit, i) => [...matrix[i], ...unit]);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) if (Math.abs(rows[row][column]) > Math.abs(rows[pivot][column])) pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    const scaled = rows[column].map((value) => value / rows[column][column]);
    rows[column] = scaled;
    rows.forEach((row, i) => {
      if (i !== column && row[column] !== 0) rows[i] = row.map((value, j) => value - row[column] * scaled[j]);
    });
  }
  return rows.map((row) => row.slice(size));
}
