import type { Random } from '../core/random.js';
import { sizeOf, type Tensor, tensor } from '../core/tensor.js';

/**
 * Uniform in ±1/√fan_in, PyTorch's default for weights and biases of convolutions and linear layers (Kaiming uniform with
 * a = √5, which comes to the same bound).
 * @param fanIn inputs that one output adds up: C/groups · kh · kw, or the number of input features.
 */
export function uniformFanIn(dims: readonly number[], fanIn: number, random: Random): Tensor<'float32'> {
  const bound = 1 / Math.sqrt(fanIn);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => random.between(-bound, bound)),
  );
}
