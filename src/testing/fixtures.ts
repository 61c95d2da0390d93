import { readFileSync } from 'node:fs';
import { float32, type Tensor } from '../core/tensor.js';

/** A tensor as the fixtures store it. */
export interface StoredTensor {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** Reads `fixtures/<name>.json`: what PyTorch computed. `scripts/fixtures/generate.py` writes them. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../fixtures/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** The bytes of a file in `fixtures/`. */
export function readFixtureBytes(name: string): Uint8Array {
  return readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
}

export function asTensor({ dims, data }: StoredTensor): Tensor<'float32'> {
  return float32(dims, data);
}

/** Norm of the difference of two lists of numbers, relative to the norm of the second (or to 1 where that is smaller). */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) throw new Error(`${found.length} numbers, expected ${expected.length}`);
  const difference = Array.from(expected, (value, i) => value - found[i]);
  return Math.hypot(...difference) / Math.max(1, Math.hypot(...Array.from(expected)));
}
