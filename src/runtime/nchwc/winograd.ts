import { float32 } from '../../core/tensor.js';
import { int, type Value } from '../../onnx/builder.js';
import { intAttribute, intsAttribute, type Node, stringAttribute } from '../../onnx/graph.js';
import { type WeightGradientShape, weightGradientShape } from '../../onnx/weight-gradient.js';
import type { AxisAlgorithm } from '../winograd/axis.js';
import { convAlgorithm } from '../winograd/conv.js';
import { type Matrix, transpose } from '../winograd/toom-cook.js';
import { type Context, type Rewrite, setOutput } from './context.js';
import { batchFirst, batchLast, weightsFrom, weightsTo } from './turning.js';

/**
 * Convolutions and their gradients by Winograd's algorithm. With the matrices A, B and G of both axes,
 *
 *   y = A [Uᵀ · (B x)],   U = G w,
 *   x̄ = Bᵀ [U · (Aᵀ ȳ)],
 *   w̄ = Gᵀ Σ [(B x) · (Aᵀ ȳ)ᵀ],   summed over tiles and images,
 *
 * where each dot is a product of matrices over channels or images for every one of the algorithm's products: 36 to every 16
 * positions instead of 144. B x, Aᵀ ȳ and U are computed once for the two results that need them. Images have their batch
 * axis last, [H, W, C, N], and weights their output channels, [kh, kw, C, O], so that all matrices are contiguous.
 */
type Axes = readonly [AxisAlgorithm, AxisAlgorithm];

interface Problem {
  readonly shape: WeightGradientShape;
  readonly axes: Axes;
}

export const winogradConvolution: Rewrite = (node, context) => {
  const problem = problemOf(node, 'Conv', context);
  if (!problem) return false;
  const [x, w] = node.inputs;
  const { shape, axes } = problem;
  const products = multiply(context, weights(context, w, problem), images(context, x, problem), 'transA');
  setImages(context, node.outputs[0], after(context, products, axes, 'output'), shape.output);
  return true;
};

export const winogradTransposed: Rewrite = (node, context) => {
  const problem = problemOf(node, 'ConvTranspose', context);
  if (!problem) return false;
  const [g, w] = node.inputs;
  const { shape, axes } = problem;
  const products = context.ops.builder.matmul(weights(context, w, problem), cotangents(context, g, problem));
  setImages(context, node.outputs[0], after(context, products, axes, 'input'), shape.input);
  return true;
};

export const winogradWeightGradient: Rewrite = (node, context) => {
  const shape = weightGradientShape(node);
  const problem = shape && problemWith(shape, context);
  if (!problem) return false;
  const { builder } = context.ops;
  const { input, output, kernel } = problem.shape;
  const [x, g] = node.inputs;
  const [out, channels] = [output[1], input[1]];
  const products = multiply(context, images(context, x, problem), cotangents(context, g, problem), 'transB');
  // Gᵀ with a column for each product of each tile also sums over tiles.
  const [rows, columns] = problem.axes.map(({ weight, tiles }) => weight.flatMap((row) => new Array<readonly number[]>(tiles).fill(row)));
  const sum = matrix(context, transpose(kronecker(rows, columns)));
  const taps = builder.matmul(sum, builder.reshape(products, [rows.length * columns.length, channels * out]));
  setOutput(context, node.outputs[0], weightsFrom(context.ops, taps, [out, channels, ...kernel]));
  return true;
};

/** A convolution, or the transposed one with the same weights and window, that is worth it. */
function problemOf(node: Node, opType: 'Conv' | 'ConvTranspose', context: Context): Problem | undefined {
  const { values } = context;
  if (node.opType !== opType || node.domain !== '' || node.inputs[2]) return undefined;
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || node.attributes.output_shape) return undefined;
  const [read, weight, made] = [node.inputs[0], node.inputs[1], node.outputs[0]].map((name) => values.shapeOf(name));
  if (read?.length !== 4 || !weight || !made) return undefined;
  const [input, output] = opType === 'Conv' ? [read, made] : [made, read];
  const shape: WeightGradientShape = {
    input,
    output,
    kernel: weight.slice(2),
    strides: intsAttribute(node, 'strides') ?? [1, 1],
    dilations: intsAttribute(node, 'dilations') ?? [1, 1],
    pads: intsAttribute(node, 'pads') ?? [0, 0, 0, 0],
    group: intAttribute(node, 'group', 1),
  };
  return problemWith(shape, context);
}

function problemWith(shape: WeightGradientShape, { ops, choose }: Context): Problem | undefined {
  const { input, output, kernel, strides, dilations, pads, group } = shape;
  const isUnit = [...strides, ...dilations, group].every((one) => one === 1);
  const isWhole = [input[0], input[1], output[1]].every((size) => size % ops.block === 0);
  if (!isUnit || !isWhole || Math.min(...kernel) < 3) return undefined;
  const form = choose?.(shape);
  if (form ? form !== 'winograd' : !isWorthwhile(shape)) return undefined;
  const pair = (values: readonly number[]) => values.slice(-2) as [number, number];
  const axes = convAlgorithm({
    input: pair(input),
    output: pair(output),
    kernel: pair(kernel),
    strides: pair(strides),
    pads: [pads[0], pads[1]],
    group,
    channels: { from: input[1], to: output[1] },
  });
  return axes && { shape, axes };
}

/** From measurements with 16 to 512 channels on maps of 4 x 4 to 32 x 32. */
function isWorthwhile({ input, output }: WeightGradientShape): boolean {
  const positions = Math.max(input[2] * input[3], output[2] * output[3]);
  return positions <= 256 && Math.min(input[1], output[1]) >= 128;
}

/** B x: [products_h, tiles_h, products_w, tiles_w, C, N]. */
function images(context: Context, x: Value, { shape: { input }, axes }: Problem): Value {
  const matrices = axes.map((axis) => axis.input);
  return before(context, x, input, axes, matrices, 'images');
}

/** Aᵀ ȳ, likewise with O. */
function cotangents(context: Context, g: Value, { shape: { output }, axes }: Problem): Value {
  const matrices = axes.map((axis) => axis.output && transpose(axis.output));
  return before(context, g, output, axes, matrices, 'cotangents');
}

function before(
  context: Context,
  name: string,
  shape: readonly number[],
  [rows, columns]: Axes,
  matrices: readonly (Matrix | undefined)[],
  what: string,
): Value {
  const { ops, values } = context;
  const [batch, channels, height, width] = shape;
  return values.once(`${what} ${[rows.products, rows.tiles, columns.products, columns.tiles]} ${name}`, () => {
    const turned = values.once(`turned ${name}`, () => batchLast(ops, values.blocked(name), shape));
    const transformed = bothAxes(context, turned, matrices, [height, width]);
    return ops.builder.reshape(transformed, [rows.products, rows.tiles, columns.products, columns.tiles, channels, batch]);
  });
}

/** Multiplies products by A or by Bᵀ: [H, W, C, N]. */
function after(context: Context, products: Value, [rows, columns]: Axes, side: 'input' | 'output'): Value {
  const matrices = [rows, columns].map((axis) => (side === 'output' ? axis.output : axis.input && transpose(axis.input)));
  return bothAxes(context, products, matrices, [rows.products * rows.tiles, columns.products * columns.tiles]);
}

/** Multiplies the first two axes of a value by a matrix each; small ones by both at once. */
function bothAxes(
  context: Context,
  value: Value,
  [rows, columns]: readonly (Matrix | undefined)[],
  [height, width]: readonly number[],
): Value {
  const { builder } = context.ops;
  if (rows && columns && height * width <= 36) {
    return builder.matmul(matrix(context, kronecker(rows, columns)), builder.reshape(value, [height * width, -1]));
  }
  const first = rows ? builder.matmul(matrix(context, rows), builder.reshape(value, [height, -1])) : value;
  const split = builder.reshape(first, [rows ? rows.length : height, width, -1]);
  return columns ? builder.matmul(matrix(context, columns), split) : split;
}

/** U: [products_h, 1, products_w, 1, C, O]. */
function weights(context: Context, w: Value, { shape: { input, output, kernel }, axes: [rows, columns] }: Problem): Value {
  const { ops, values } = context;
  const { builder } = ops;
  const [out, channels] = [output[1], input[1]];
  return values.once(`weights ${[rows.products, columns.products]} ${w}`, () => {
    const taps = weightsTo(ops, values.plain(w), [out, channels, ...kernel]);
    const transformed = builder.matmul(matrix(context, kronecker(rows.weight, columns.weight)), taps);
    return builder.reshape(transformed, [rows.products, 1, columns.products, 1, channels, out]);
  });
}

function setImages({ ops, values }: Context, name: string, turned: Value, shape: readonly number[]): void {
  values.setBlocked(name, batchFirst(ops, turned, shape));
}

/** a·b over the last two axes of both, with one of them transposed. */
function multiply({ ops }: Context, a: Value, b: Value, transposed: 'transA' | 'transB'): Value {
  return ops.builder.op('FusedMatMul', [a, b], { [transposed]: int(1) }, 1, undefined, 'com.microsoft')[0];
}

function matrix({ ops, values }: Context, rows: Matrix): Value {
  return values.once(`matrix ${rows.join(' ')}`, () => ops.builder.constant(float32([rows.length, rows[0].length], rows.flat())));
}

/** The matrix that does to both axes of [h, w], as one of h·w, what a and b do to one each. */
function kronecker(a: Matrix, b: Matrix): Matrix {
  return a.flatMap((rowOfA) => b.map((rowOfB) => rowOfA.flatMap((x) => rowOfB.map((y) => x * y))));
}
