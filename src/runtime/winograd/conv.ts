import { float32 } from '../../core/tensor.js';
import type { GraphBuilder, Value } from '../../onnx/builder.js';
import { type AxisAlgorithm, axisAlgorithm } from './axis.js';
import { type Matrix, transpose } from './toom-cook.js';

/** A convolution of images [N, C, H, W], or the transposed one with the same weights and window. */
export interface ConvShape {
  /** Height and width of what the convolution reads (and the transposed one makes). */
  readonly input: readonly [number, number];
  /** Height and width of what the convolution makes (and the transposed one reads). */
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Zeros above and to the left. */
  readonly pads: readonly [number, number];
  readonly group: number;
  /** Channels of the result and of what is read, of all groups together. */
  readonly channels: { readonly to: number; readonly from: number };
}

/** Algorithms for both axes of a convolution, or undefined where there is none. */
export function convAlgorithm({ input, output, kernel, strides, pads }: ConvShape): [AxisAlgorithm, AxisAlgorithm] | undefined {
  const [rows, columns] = [0, 1].map((axis) =>
    axisAlgorithm({ size: input[axis], outputs: output[axis], kernel: kernel[axis], stride: strides[axis], pad: pads[axis] }),
  );
  return rows && columns && [rows, columns];
}

/**
 * Adds a convolution of images whose batch axis comes last, [H, W, C, N]: with the algorithms of both axes,
 *
 *   y = A_h A_w [U · (B_h B_w x)],   U = G_h G_w w.
 *
 * Everything is a product of matrices over contiguous memory. What multiplies whole images, the transforms A and B, is
 * small; the sum over channels is one product of U [O, C] with [C, N] for each of the algorithm's products, which is where the
 * time goes, and where an F(4, 3) in both axes has 36 products to every 16 outputs instead of 144.
 *
 * The transposed convolution is the adjoint: x = B_hᵀ B_wᵀ [Uᵀ · (A_hᵀ A_wᵀ y)].
 * @param weight of the convolution [O, C / group, kh, kw]; of the transposed one the same, read the other way.
 * @returns [H', W' · C' · N], in memory [H', W', C', N].
 */
export function addConv(
  builder: GraphBuilder,
  x: Value,
  weight: Value,
  shape: ConvShape,
  [rows, columns]: readonly [AxisAlgorithm, AxisAlgorithm],
  transposed: boolean,
): Value {
  const { channels, group } = shape;
  const read = transposed ? shape.output : shape.input;
  const before = transposed ? [rows.output, columns.output].map(adjoint) : [rows.input, columns.input];
  const after = transposed ? [rows.input, columns.input].map(adjoint) : [rows.output, columns.output];
  const positions = [rows.products * rows.tiles, columns.products * columns.tiles];

  let value = builder.reshape(x, [read[0], -1]);
  value = multiply(builder, before[0], value);
  value = multiply(builder, before[1], builder.reshape(value, [positions[0], read[1], -1]));
  const u = transformedWeight(builder, weight, shape, [rows, columns], transposed);
  const perGroup = [channels.from / group, -1];
  const tiles = [rows.products, rows.tiles, columns.products, columns.tiles];
  value = builder.matmul(u, builder.reshape(value, [...tiles, ...(group === 1 ? perGroup : [group, ...perGroup])]));
  value = multiply(builder, after[1], builder.reshape(value, [...positions, -1]));
  return multiply(builder, after[0], builder.reshape(value, [positions[0], -1]));
}

/** U = G_h G_w w as [products_h, 1, products_w, 1, (group,) to, from]; with constant weights it is computed once. */
function transformedWeight(
  builder: GraphBuilder,
  weight: Value,
  { channels, group, kernel }: ConvShape,
  [rows, columns]: readonly [AxisAlgorithm, AxisAlgorithm],
  transposed: boolean,
): Value {
  const [to, from] = [channels.to / group, channels.from / group];
  const split = builder.reshape(weight, [group, ...(transposed ? [from, to] : [to, from]), ...kernel]);
  const spatialFirst = builder.transpose(split, transposed ? [3, 4, 0, 2, 1] : [3, 4, 0, 1, 2]);
  const alongRows = builder.matmul(matrix(builder, rows.weight), builder.reshape(spatialFirst, [kernel[0], -1]));
  const both = builder.matmul(matrix(builder, columns.weight), builder.reshape(alongRows, [rows.products, kernel[1], -1]));
  return builder.reshape(both, [rows.products, 1, columns.products, 1, ...(group === 1 ? [] : [group]), to, from]);
}

/** Multiplies along the axis before the last. */
function multiply(builder: GraphBuilder, by: Matrix | undefined, value: Value): Value {
  return by ? builder.matmul(matrix(builder, by), value) : value;
}

function matrix(builder: GraphBuilder, rows: Matrix): Value {
  return builder.constant(float32([rows.length, rows[0].length], rows.flat()));
}

function adjoint(by: Matrix | undefined): Matrix | undefined {
  return by && transpose(by);
}
