import type { Value } from '../../onnx/builder.js';
import { intAttribute, type Node } from '../../onnx/graph.js';
import { type Context, firstChannels, type Rewrite, repeated, setOutput } from './context.js';
import type { BlockedOperators } from './operators.js';

/**
 * Sums of blocked channels over images and positions, for channels as stored. First over the positions of each image, which ONNX
 * Runtime does quickly as the middle one of three axes, then over images.
 * @param shape of the images, [N, C, H, W].
 */
export function channelSums(ops: BlockedOperators, value: Value, shape: readonly number[]): Value {
  return overImages(ops, ops.builder.reduceSum(imageSums(ops, value, shape), [0]), shape);
}

/**
 * Sums over images and positions of the products of two blocked values, for channels as stored. Each channel of each image is one
 * of a convolution in which every channel is a group: the image of one value under a filter of its size, which is the other. Both are
 * read once, and nothing but the sums is written.
 */
export function channelProducts(ops: BlockedOperators, a: Value, b: Value, shape: readonly number[]): Value {
  const { builder } = ops;
  const [batch, stored, height, width] = ops.stored(shape);
  const channels = ops.padded(stored);
  const all = batch * channels;
  const filter = builder.reshape(b, [all, 1, height, width]);
  const window = { kernel: [height, width], group: all };
  const products = ops.conv(builder.reshape(a, [1, all, height, width]), filter, window);
  return overImages(ops, builder.reduceSum(builder.reshape(products, [batch, channels]), [0]), shape);
}

/** Adds up the images that share a block, in a vector over stored channels. */
function overImages(ops: BlockedOperators, vector: Value, shape: readonly number[]): Value {
  const { builder } = ops;
  const fold = ops.fold(shape);
  if (fold === 1) return vector;
  return repeated(builder, builder.reduceSum(builder.reshape(vector, [fold, shape[1]]), [0]), shape[1], fold);
}

/** Sums over the positions of each image, for images and channels as stored. */
function imageSums(ops: BlockedOperators, value: Value, shape: readonly number[]): Value {
  const [batch, channels, height, width] = ops.stored(shape);
  const blocks = (batch * ops.padded(channels)) / ops.block;
  const sums = ops.builder.reduceSum(ops.builder.reshape(value, [blocks, height * width, ops.block]), [1]);
  return ops.builder.reshape(sums, [batch, ops.padded(channels)]);
}

/** Whether a node sums over all axes of images but that of the channels. */
export function isChannelSum(node: Node, { ops }: Context): boolean {
  if (node.opType !== 'ReduceSum' || node.domain !== '' || intAttribute(node, 'keepdims', 1) !== 0) return false;
  const axes = node.inputs[1] ? ops.builder.stored(node.inputs[1]) : undefined;
  return axes !== undefined && Array.from(axes.data, Number).join() === '0,2,3';
}

/** ReduceSum over all axes but that of the channels, which the derivatives of normalisation and of biases are made of. */
export const sumPerChannel: Rewrite = (node, context) => {
  const { ops, values } = context;
  const [x] = node.inputs;
  const shape = values.shapeOf(x);
  if (!isChannelSum(node, context) || shape?.length !== 4 || !values.isBlocked(x)) return false;
  const [a, b] = values.product(x)?.map((factor) => values.blocked(factor)) ?? [];
  const sums = a !== undefined ? channelProducts(ops, a, b, shape) : channelSums(ops, values.blocked(x), shape);
  setOutput(context, node.outputs[0], firstChannels(context, sums, shape[1]));
  return true;
};

export const globalAverage: Rewrite = (node, context) => {
  const { ops, values } = context;
  const { builder } = ops;
  const [x] = node.inputs;
  const shape = values.shapeOf(x);
  if (node.opType !== 'GlobalAveragePool' || node.domain !== '' || shape?.length !== 4 || !values.isBlocked(x)) return false;
  const [batch, channels, height, width] = shape;
  const mean = builder.mul(imageSums(ops, values.blocked(x), shape), builder.scalar(1 / (height * width)));
  const wanted = ops.stored(shape)[1] % ops.block === 0 ? mean : builder.slice(mean, [0], [channels], [1]);
  setOutput(context, node.outputs[0], builder.reshape(wanted, [batch, channels, 1, 1]));
  return true;
};
