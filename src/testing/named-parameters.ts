import { float32, sizeOf, type Tensor } from '../core/tensor.js';
import type { ParameterSource } from '../nn/init.js';

/** Numbers in [0, 1), a different list for every name: FNV-1a of the name, counted on, through the finaliser of MurmurHash3. */
function hashed(name: string, count: number): Float64Array {
  let start = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) start = Math.imul(start ^ byte, 0x01000193);
  return Float64Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 2654435769) + start) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  });
}

/** Parameters made from their names, by the rule of `scripts/fixtures/zoo.py`, so that they need not be stored. */
export const namedParameters: ParameterSource = (name, dims) => {
  const part = name.slice(name.lastIndexOf('.') + 1);
  const bound = Math.sqrt(6 / sizeOf(dims.slice(1)));
  const between = (u: number) => {
    if (dims.length > 1) return (2 * u - 1) * bound;
    return part === 'weight' || part === 'running_var' ? u + 0.5 : u - 0.5;
  };
  return float32(dims, Float32Array.from(hashed(name, sizeOf(dims)), between));
};

/** A batch of two images of made-up pixels in [0, 1], by the same rule. */
export function namedImages(imageShape: readonly number[]): Tensor<'float32'> {
  const dims = [2, ...imageShape];
  return float32(
    dims,
    Float32Array.from(hashed('image', sizeOf(dims)), (u) => Math.floor(u * 256) / 255),
  );
}
