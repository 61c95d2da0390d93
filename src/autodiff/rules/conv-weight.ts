import type { GraphBuilder, Value } from '../../onnx/builder.js';
import type { ResolvedWindow } from '../window.js';

interface Shaped {
  readonly value: Value;
  readonly shape: readonly number[];
}

/**
 * Gradient of a convolution with respect to its weights, [O, C/G, kh, kw]:
 *
 *   dw[o,c,k] = Σ_{n,i} g[n,o,i] · x[n,c, i·s + k·d - p].
 *
 * For one tap k this is a matrix product over all images and positions (n,i), of g as [O, N·Ho·Wo] with the part of x
 * that the tap sees, as [C, N·Ho·Wo]. The parts that all taps see are stacked, so that one product gives every tap.
 *
 * @param x the convolution's input, [N, C, H, W].
 * @param g the cotangent of its output, [N, O, Ho, Wo].
 */
export function weightGradient(builder: GraphBuilder, x: Shaped, g: Shaped, window: ResolvedWindow): Value {
  const { kernel, group } = window;
  const [batch, channels] = x.shape;
  const [, out, height, width] = g.shape;
  const positions = batch * height * width;
  const taps = kernel[0] * kernel[1];
  const parts = tapParts(builder, x, [height, width], window);
  const cotangent = builder.transpose(g.value, [1, 0, 2, 3]);
  let product: Value;
  if (group === 1) {
    const stacked = builder.reshape(builder.concat(parts, 0), [taps * channels, positions]);
    product = builder.gemm(builder.reshape(cotangent, [out, positions]), stacked, undefined, { transB: true });
  } else {
    const shaped = parts.map((part) => builder.reshape(part, [group, channels / group, positions]));
    const stacked = builder.transpose(builder.concat(shaped, 1), [0, 2, 1]);
    product = builder.matmul(builder.reshape(cotangent, [group, out / group, positions]), stacked);
  }
  const perGroup = channels / group;
  if (taps === 1) return builder.reshape(product, [out, perGroup, 1, 1]);
  const byTap = builder.reshape(product, [out, taps, perGroup]);
  return builder.reshape(builder.transpose(byTap, [0, 2, 1]), [out, perGroup, ...kernel]);
}

/** For each tap of the kernel, row by row, the part of the padded input that it sees: [C, N, Ho, Wo]. */
function tapParts(builder: GraphBuilder, x: Shaped, output: readonly number[], window: ResolvedWindow): Value[] {
  const { kernel, strides, dilations, pads } = window;
  const padded = builder.transpose(builder.pad(x.value, [0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]]), [1, 0, 2, 3]);
  const whole = [0, 1].every((axis) => kernel[axis] === 1 && strides[axis] === 1 && pads[axis] + pads[axis + 2] === 0);
  if (whole) return [padded];
  const parts: Value[] = [];
  for (let row = 0; row < kernel[0]; row++) {
    for (let column = 0; column < kernel[1]; column++) {
      const starts = [row * dilations[0], column * dilations[1]];
      const ends = starts.map((start, axis) => start + (output[axis] - 1) * strides[axis] + 1);
      parts.push(builder.slice(padded, starts, ends, [2, 3], strides));
    }
  }
  return parts;
}
