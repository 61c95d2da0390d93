import { float32 } from '../../core/tensor.js';
import type { GraphBuilder, Value } from '../../onnx/builder.js';
import type { BlockedOperators } from './operators.js';

/** [O, C, kh, kw]. */
type WeightShape = readonly number[];

/** The same weights for each of f images whose channels count as those of one: blocks along the diagonal of [f·O, f·C, kh, kw]. */
export function repeatedFilter(builder: GraphBuilder, weight: Value, [out, channels, ...kernel]: WeightShape, fold: number): Value {
  if (fold === 1) return weight;
  const blocks = builder.mul(builder.reshape(weight, [1, out, 1, channels, ...kernel]), diagonal(builder, fold));
  return builder.reshape(blocks, [fold * out, fold * channels, ...kernel]);
}

/** The sum of the blocks along the diagonal, [O, C, kh, kw]: the adjoint of the above. */
export function sumOfBlocks(builder: GraphBuilder, weight: Value, [out, channels, ...kernel]: WeightShape, fold: number): Value {
  if (fold === 1) return weight;
  const blocks = builder.mul(builder.reshape(weight, [fold, out, fold, channels, ...kernel]), diagonal(builder, fold));
  return builder.reduceSum(blocks, [0, 2]);
}

/** The unit matrix as [f, 1, f, 1, 1, 1]. */
function diagonal(builder: GraphBuilder, fold: number): Value {
  const unit = Float32Array.from({ length: fold * fold }, (_, i) => (i % (fold + 1) === 0 ? 1 : 0));
  return builder.constant(float32([fold, 1, fold, 1, 1, 1], unit));
}

/**
 * Weights that are known only at run time, as a convolution of blocked channels wants them: [O/b, C/b, kh, kw, b, b] with output
 * channels last. The last two axes of the result are blocks of b·b that ReorderInput makes, which turns b rows of a matrix
 * into columns; the rest moves whole rows of b.
 */
export function blockedFilter(ops: BlockedOperators, weight: Value, shape: WeightShape): Value {
  const { builder, block } = ops;
  const [out, channels, height, width] = shape.map((size, axis) => (axis < 2 ? ops.padded(size) : size));
  const taps = height * width;
  const filled = fill(ops, weight, shape);
  // [O/b, (C/b, b, taps), b]
  const columns = ops.reorderInput(builder.reshape(filled, [1, out, 1, channels * taps]));
  if (taps === 1) return builder.reshape(columns, [out, channels, 1, 1]);
  const groups = (out * channels) / (block * block);
  const row = ([group, tap, channel]: readonly number[]) => (group * block + channel) * taps + tap;
  const rows = ops.rows(builder.reshape(columns, [-1, block]), 0, 'filter', [groups, taps, block], row);
  return builder.reshape(rows, [out, channels, height, width]);
}

/** As above for images with fewer than b channels, which are not blocked: [O/b, C, kh, kw, b]. */
export function imageFilter(ops: BlockedOperators, weight: Value, [out, channels, height, width]: WeightShape): Value {
  const { builder } = ops;
  const filled = padAxes(ops, weight, [ops.padded(out) - out, 0]);
  const columns = ops.reorderInput(builder.reshape(filled, [1, ops.padded(out), 1, channels * height * width]));
  return builder.reshape(columns, [ops.padded(out), channels, height, width]);
}

/**
 * The filter of a transposed convolution: channel axes swapped, and of the taps along each axis the given ones in the given
 * order. [C/b, O/b, taps, taps, b, b] with C last.
 * @param shape of the weights, [O, C, kh, kw].
 * @param taps of each axis that are wanted.
 */
export function transposedFilter(ops: BlockedOperators, weight: Value, shape: WeightShape, taps: readonly (readonly number[])[]): Value {
  const { builder, block } = ops;
  const [out, channels, height, width] = shape.map((size, axis) => (axis < 2 ? ops.padded(size) : size));
  const all = height * width;
  // [O, C/b, taps, b]
  const columns = ops.reorderInput(fill(ops, weight, shape));
  const blocks = channels / block;
  const key = `transposed ${shape} ${taps.join(' ')}`;
  const sizes = [blocks, out / block, taps[0].length, taps[1].length, block];
  const row = ([inner, outer, y, x, lane]: readonly number[]) =>
    ((outer * block + lane) * blocks + inner) * all + taps[0][y] * width + taps[1][x];
  const rows = ops.rows(builder.reshape(columns, [-1, block]), 0, key, sizes, row);
  return builder.reshape(rows, [channels, out, taps[0].length, taps[1].length]);
}

function fill(ops: BlockedOperators, weight: Value, [out, channels]: WeightShape): Value {
  return padAxes(ops, weight, [ops.padded(out) - out, ops.padded(channels) - channels]);
}

/** Zeros after the first two of four axes. */
function padAxes({ builder }: BlockedOperators, weight: Value, [out, channels]: readonly number[]): Value {
  return builder.pad(weight, [0, 0, 0, 0, out, channels, 0, 0]);
}
