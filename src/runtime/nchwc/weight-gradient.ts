import type { Value } from '../../onnx/builder.js';
import { type WeightGradientShape, weightGradientShape } from '../../onnx/weight-gradient.js';
import { type Rewrite, setOutput } from './context.js';
import { foldOf, inFold, isFewChannels, plainImages } from './convolutions.js';
import { sumOfBlocks } from './filters.js';
import { type BlockedOperators, folded } from './operators.js';

/** Bytes of a filter that stay in the second-level cache while a row of results is computed. */
const FILTER_BYTES = 2 ** 20;
/** Blocks of output channels that ONNX Runtime convolves together. */
const BLOCKS_AT_ONCE = 4;
/** Independent pieces of work, so that any number of threads up to it finds enough to do. */
const PIECES = 24;

/**
 * The weight gradient dw[o,c,k] = Σ_{n,i} g[n,o,i] · x[n,c, i·s + k - p] as a convolution in which images play the part of channels: the
 * sum over n is one over channels in blocks of b, and the sum over i one over the taps of a large kernel.
 *
 * The kernel is g: its taps are positions, its input channels images. It slides over x, whose channels are images as well,
 * and where a row of one position after the other holds all of x's own channels: column w·C + c. So neighbouring taps lie s·C columns
 * apart, sliding by one column goes to the next channel, and sliding by C to the next column of the weight's kernel; the result
 * has kh rows of kw·C columns.
 *
 *   x̂: [1, N, rows, columns·C] in blocks of b images,   ĝ: [O, N, Ho, Wo] likewise,   dw = x̂ * ĝ with dilations [s, s·C].
 *
 * x has b channels innermost and x̂ b images: that is what ReorderInput does. Both copy whole vectors otherwise. Rows are cut into
 * chunks that count as further channels, and images into groups whose results are added up at the end: a group's filter then
 * stays in the cache, and there is work for every thread.
 */
export const weightGradient: Rewrite = (node, context) => {
  const { ops, choose } = context;
  const { builder } = ops;
  const whole = weightGradientShape(node);
  if (whole?.group !== 1 || whole.dilations.some((dilation) => dilation !== 1)) return false;
  if (choose && !['winograd', 'blocked', undefined].includes(choose(whole))) return false;
  const [x, g] = node.inputs;
  const fold = foldOf(context, whole.output, whole.input, x);
  if (fold === undefined || whole.input[0] % (fold * ops.block) !== 0) return false;
  const shape = { ...whole, input: folded(whole.input, fold), output: folded(whole.output, fold) };
  const { input, output, kernel } = shape;
  const isImage = isFewChannels(context, input[1], x);
  const plan = planOf(ops, shape, isImage);
  const images = isImage
    ? imagesOfPlain(ops, plainImages(context, x, whole.input, fold), plan)
    : imagesOfBlocked(ops, inFold(context, x, whole.input, fold), plan);
  const filter = filterOf(ops, inFold(context, g, whole.output, fold), plan);
  const dilations = [plan.steps[0], plan.steps[1] * plan.channels];
  const window = { kernel: [plan.rows, output[3]], dilations, group: plan.groups };
  const product = ops.conv(images, filter, window);
  const [out, width] = [ops.padded(output[1]), kernel[1] * plan.channels];
  const summed = builder.reduceSum(builder.reshape(product, [plan.groups, out * kernel[0] * width]), [0]);
  const plain = ops.reorderOutput(builder.reshape(summed, [1, out, kernel[0], width]), output[1]);
  const split = builder.transpose(builder.reshape(plain, [output[1], ...kernel, plan.channels]), [0, 3, 1, 2]);
  const wanted = plan.channels === input[1] ? split : builder.slice(split, [0], [input[1]], [1]);
  setOutput(context, node.outputs[0], sumOfBlocks(builder, wanted, [whole.output[1], whole.input[1], ...kernel], fold));
  return true;
};

interface Plan extends WeightGradientShape {
  /** Channels of x, with those that were added. */
  readonly channels: number;
  /** Rows of g in a chunk, and chunks. */
  readonly rows: number;
  readonly chunks: number;
  /** Distance between taps along each axis: the stride, or 1 where the weight has one tap and only what it sees is kept. */
  readonly steps: readonly number[];
  /** Rows of x that a chunk keeps, and columns. */
  readonly height: number;
  readonly width: number;
  /** Groups of images. */
  readonly groups: number;
}

function planOf(ops: BlockedOperators, shape: WeightGradientShape, isImage: boolean): Plan {
  const { input, output, kernel, strides } = shape;
  const [, out, outHeight, outWidth] = output;
  const blocks = ops.padded(out) / ops.block;
  const rowBytes = outWidth * Math.min(BLOCKS_AT_ONCE, blocks) * ops.block * ops.block * 4;
  const rows = largestDivisor(outHeight, FILTER_BYTES / rowBytes);
  const groups = largestDivisor(input[0] / ops.block, PIECES / (kernel[0] * Math.ceil(blocks / BLOCKS_AT_ONCE)));
  const steps = strides.map((stride, axis) => (kernel[axis] === 1 && !isImage ? 1 : stride));
  const [height, width] = [rows, outWidth].map((count, axis) => (count - 1) * steps[axis] + kernel[axis]);
  const channels = isImage ? input[1] : ops.padded(input[1]);
  return { ...shape, channels, rows, chunks: outHeight / rows, steps, height, width, groups };
}

/** The largest divisor of a number up to a limit, and 1 at least. */
function largestDivisor(of: number, limit: number): number {
  let divisor = Math.max(1, Math.min(of, Math.floor(limit)));
  while (of % divisor !== 0) divisor--;
  return divisor;
}

/** x̂ from blocked channels. */
function imagesOfBlocked(ops: BlockedOperators, x: Value, plan: Plan): Value {
  const { builder, block } = ops;
  const { input, pads, strides, steps, chunks, rows, channels, height, width } = plan;
  const [batch, , inHeight, inWidth] = input;
  const blocks = channels / block;
  const before = pads.slice(0, 2);
  const after = [height - inHeight - pads[0], width - inWidth - pads[1]];
  const isDense = strides.every((stride, axis) => stride === steps[axis]);
  if (isDense && chunks === 1 && blocks === 1 && after.every((pad) => pad >= 0)) {
    const around = [...before, ...after];
    const padded = around.every((pad) => pad === 0) ? x : ops.scale(x, channels, undefined, {}, around);
    return turned(ops, padded, plan);
  }
  // One column of zeros after each row is all that is needed to fill in whatever lies outside.
  const outside =
    before.some((pad) => pad > 0) || seenRow(plan, chunks - 1, height - 1) >= inHeight || seenColumn(plan, width - 1) >= inWidth;
  const stored = inWidth + (outside ? 1 : 0);
  const padded = outside ? ops.scale(x, channels, undefined, {}, [0, 0, 0, 1]) : x;
  const from = ([chunk, y, column, channel]: readonly number[]) => {
    const [inY, inX] = [seenRow(plan, chunk, y), seenColumn(plan, column)];
    const isInside = inY >= 0 && inY < inHeight && inX >= 0 && inX < inWidth;
    return isInside ? (channel * inHeight + inY) * stored + inX : inWidth;
  };
  const key = `images ${[inHeight, inWidth, rows, ...strides, ...pads]}`;
  const gathered = ops.rows(
    builder.reshape(padded, [batch, blocks * inHeight * stored, block]),
    1,
    key,
    [chunks, height, width, blocks],
    from,
  );
  return turned(ops, gathered, plan);
}

/** The row of x that is kept as the given one of a chunk. */
function seenRow({ rows, strides, steps, pads }: Plan, chunk: number, row: number): number {
  return chunk * rows * strides[0] + (row * strides[0]) / steps[0] - pads[0];
}

/** The column of x that is kept as the given one. */
function seenColumn({ strides, steps, pads }: Plan, column: number): number {
  return (column * strides[1]) / steps[1] - pads[1];
}

/** x̂ from a few channels that are not blocked. */
function imagesOfPlain(ops: BlockedOperators, x: Value, plan: Plan): Value {
  const { builder } = ops;
  const { input, pads, strides, chunks, rows, height, width } = plan;
  const bottom = (chunks - 1) * rows * strides[0] + height - input[2] - pads[0];
  const padded = builder.pad(x, [0, 0, pads[0], pads[1], 0, 0, bottom, width - input[3] - pads[1]]);
  const channelsLast = builder.transpose(padded, [0, 2, 3, 1]);
  const key = `rows ${[rows, strides[0]]}`;
  const chunked =
    chunks === 1 ? channelsLast : ops.rows(channelsLast, 1, key, [chunks, height], ([chunk, row]) => chunk * rows * strides[0] + row);
  return turned(ops, chunked, plan);
}

/** [N, chunks, rows, columns, C] to blocks of images, [1, N·chunks, rows, columns·C], chunks before the images of a block. */
function turned(ops: BlockedOperators, x: Value, { input, chunks, height, width, channels }: Plan): Value {
  const { builder } = ops;
  const blocked = ops.reorderInput(builder.reshape(x, [1, input[0], chunks * height, width * channels]));
  return builder.reshape(blocked, [1, input[0] * chunks, height, width * channels]);
}

/** ĝ from blocked channels: [groups·O, N·chunks/groups, rows, columns] as a filter. */
function filterOf(ops: BlockedOperators, g: Value, { output, groups, chunks, rows }: Plan): Value {
  const { builder, block } = ops;
  const [batch, out, height, width] = output;
  const blocks = ops.padded(out) / block;
  const images = batch / block / groups;
  const positions = height * width;
  const from = ([group, channel, image, position, lane]: readonly number[]) =>
    (((group * images + image) * block + lane) * blocks + channel) * positions + position;
  const gathered = ops.rows(builder.reshape(g, [-1, block]), 0, 'cotangent', [groups, blocks, images, positions, block], from);
  return builder.reshape(gathered, [groups * blocks * block, images * block * chunks, rows, width]);
}
