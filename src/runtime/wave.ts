import { float32, sizeOf, type Tensor } from '../core/tensor.js';

/** Numbers of both signs and no pattern, for trying a graph out: zeros and denormal numbers would be computed at another speed. */
export function wave(dims: readonly number[]): Tensor {
  return float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(i + i * i)),
  );
}
