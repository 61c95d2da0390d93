/** Sweeps over all pairs of axes; the off-diagonal part shrinks quadratically, and about six reach machine precision. */
const MOST_SWEEPS = 60;

/**
 * The largest singular value of a matrix, by cyclic Jacobi rotations (Golub and Van Loan, *Matrix Computations*, 8.5) of the
 * smaller of its two Gram matrices, whose largest eigenvalue is its square. Meant for small matrices.
 * @param values row by row, `rows` x `columns`.
 */
export function spectralNorm(values: ArrayLike<number>, rows: number, columns: number): number {
  const gram = gramMatrix(values, rows, columns);
  const size = Math.min(rows, columns);
  const at = (i: number, j: number) => gram[i * size + j];
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let outside = 0;
    let inside = 0;
    for (let i = 0; i < size; i++) {
      inside += at(i, i) ** 2;
      for (let j = 0; j < i; j++) outside += at(i, j) ** 2;
    }
    if (outside <= 1e-30 * inside) break;
    for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) rotate(gram, size, i, j);
  }
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, at(i, i));
  return Math.sqrt(largest);
}

/** A Aᵀ or Aᵀ A, whichever is smaller. */
function gramMatrix(values: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const wide = rows <= columns;
  const [size, length] = wide ? [rows, columns] : [columns, rows];
  const at = (i: number, k: number) => (wide ? values[i * columns + k] : values[k * columns + i]);
  const gram = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += at(i, k) * at(j, k);
      gram[i * size + j] = sum;
      gram[j * size + i] = sum;
    }
  }
  return gram;
}

/**
 * Turns axes i and j of a symmetric matrix so that its element (i, j) becomes zero: with θ = (a_jj - a_ii) / 2 a_ij, the
 * smaller root t = sign θ / (|θ| + √(θ² + 1)) of t² + 2 θ t - 1 = 0 is the tangent of the angle.
 */
function rotate(matrix: Float64Array, size: number, i: number, j: number): void {
  const between = matrix[i * size + j];
  if (between === 0) return;
  const theta = (matrix[j * size + j] - matrix[i * size + i]) / (2 * between);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k++) {
    const [a, b] = [matrix[k * size + i], matrix[k * size + j]];
    matrix[k * size + i] = c * a - s * b;
    matrix[k * size + j] = s * a + c * b;
  }
  for (let k = 0; k < size; k++) {
    const [a, b] = [matrix[i * size + k], matrix[j * size + k]];
    matrix[i * size + k] = c * a - s * b;
    matrix[j * size + k] = s * a + c * b;
  }
}
