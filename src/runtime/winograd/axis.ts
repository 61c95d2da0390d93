import { filled, type Matrix, MOST_PRODUCTS, toomCook } from './toom-cook.js';

/** One axis of a convolution without dilation. */
export interface AxisWindow {
  /** Positions of the input. */
  readonly size: number;
  /** Positions of the output. */
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zeros before the first position. */
  readonly pad: number;
}

/**
 * A bilinear algorithm for one axis: y = A [(G w) ⊙ (B x)]. Its products are numbered j·tiles + t: product j of tile t; the
 * weights of product j are the same in every tile. A matrix that is left out is the identity.
 */
export interface AxisAlgorithm {
  /** Products of a tile. */
  readonly products: number;
  readonly tiles: number;
  /** A: outputs × (products · tiles). */
  readonly output?: Matrix;
  /** G: products × kernel. */
  readonly weight: Matrix;
  /** B: (products · tiles) × size. */
  readonly input?: Matrix;
}

/**
 * Cuts the outputs of an axis into tiles of m and computes each by {@link toomCook}. At stride s, y[o] = Σ_k w[k] x[s o + k - p] is
 * the sum over the phases q = k mod s of correlations at stride 1 of every s-th input with every s-th weight:
 *
 *   y[o] = Σ_q Σ_l w[q + s l] · x_q[o + l],   x_q[i] = x[s i + q - p],
 *
 * so a tile has the products of all phases. Positions beyond the input are zero, and positions beyond the output are not
 * computed; both are left out of the matrices, whatever the padding. m is the one with the fewest products in all.
 * @returns undefined where a phase has too many weights for 32 bits.
 */
export function axisAlgorithm(window: AxisWindow): AxisAlgorithm | undefined {
  const { outputs, kernel, stride } = window;
  if (kernel === 1 && stride === 1 && window.pad === 0) return { products: 1, tiles: outputs, weight: [[1]] };
  const longest = Math.ceil(kernel / stride);
  const choices = Array.from({ length: Math.max(0, MOST_PRODUCTS - longest + 1) }, (_, i) => i + 1)
    .filter((outputsPerTile) => outputsPerTile > 1 || longest === 1)
    .map((outputsPerTile) => tiled(window, outputsPerTile));
  return choices.toSorted((a, b) => a.products * a.tiles - b.products * b.tiles)[0];
}

function tiled({ size, outputs, kernel, stride, pad }: AxisWindow, tile: number): AxisAlgorithm {
  const phases = Array.from({ length: Math.min(stride, kernel) }, (_, phase) => ({
    phase,
    algorithm: toomCook(tile, Math.ceil((kernel - phase) / stride)),
  }));
  const products = phases.reduce((sum, { algorithm }) => sum + algorithm.weight.length, 0);
  const tiles = Math.ceil(outputs / tile);
  const input = filled(products * tiles, size, 0);
  const output = filled(outputs, products * tiles, 0);
  const weight = filled(products, kernel, 0);
  let first = 0;
  for (const { phase, algorithm } of phases) {
    algorithm.weight.forEach((row, j) => {
      row.forEach((value, tap) => {
        weight[first + j][phase + stride * tap] = value;
      });
      for (let t = 0; t < tiles; t++) {
        const product = (first + j) * tiles + t;
        algorithm.input[j].forEach((value, i) => {
          const position = stride * (t * tile + i) + phase - pad;
          if (position >= 0 && position < size) input[product][position] = value;
        });
        for (let i = 0; i < tile && t * tile + i < outputs; i++) output[t * tile + i][product] = algorithm.output[i][j];
      }
    });
    first += algorithm.weight.length;
  }
  return { products, tiles, output, weight, input };
}
