import type { Value } from '../../onnx/builder.js';
import type { BlockedOperators } from './operators.js';

/** [N, C, H, W] of blocked channels to [H, W, C, N]; N and C are multiples of the block. */
export function batchLast(ops: BlockedOperators, value: Value, [batch, channels, height, width]: readonly number[]): Value {
  const { builder, block } = ops;
  const [images, blocks, positions] = [batch / block, channels / block, height * width];
  // To blocks of images, [N/b, (C/b, H, W, b), b].
  const turned = ops.reorderInput(builder.reshape(value, [1, batch, blocks, positions * block]));
  const from = ([position, channel, lane, image]: readonly number[]) => ((image * blocks + channel) * positions + position) * block + lane;
  const rows = ops.rows(builder.reshape(turned, [-1, block]), 0, 'last', [positions, blocks, block, images], from);
  return builder.reshape(rows, [height, width, channels, batch]);
}

/** The way back. */
export function batchFirst(ops: BlockedOperators, value: Value, [batch, channels, height, width]: readonly number[]): Value {
  const { builder, block } = ops;
  const [images, blocks, positions] = [batch / block, channels / block, height * width];
  const from = ([image, channel, position, lane]: readonly number[]) => ((position * blocks + channel) * block + lane) * images + image;
  const rows = ops.rows(builder.reshape(value, [-1, block]), 0, 'first', [images, blocks, positions, block], from);
  const turned = builder.reshape(rows, [1, batch, blocks, positions * block]);
  return builder.reshape(ops.reorderOutput(turned, batch), [batch, channels, height, width]);
}

/** Weights [O, C, kh, kw] to [kh·kw, C·O]; O is a multiple of the block. */
export function weightsTo(ops: BlockedOperators, weight: Value, [out, channels, height, width]: readonly number[]): Value {
  const { builder, block } = ops;
  const [blocks, taps] = [out / block, height * width];
  // To [O/b, (C, kh, kw), b].
  const turned = ops.reorderInput(builder.reshape(weight, [1, out, channels, taps]));
  const from = ([tap, channel, outer]: readonly number[]) => (outer * channels + channel) * taps + tap;
  const rows = ops.rows(builder.reshape(turned, [-1, block]), 0, 'weights to', [taps, channels, blocks], from);
  return builder.reshape(rows, [taps, channels * out]);
}

/** The way back. */
export function weightsFrom(ops: BlockedOperators, value: Value, [out, channels, height, width]: readonly number[]): Value {
  const { builder, block } = ops;
  const [blocks, taps] = [out / block, height * width];
  const from = ([outer, channel, tap]: readonly number[]) => (tap * channels + channel) * blocks + outer;
  const rows = ops.rows(builder.reshape(value, [-1, block]), 0, 'weights from', [blocks, channels, taps], from);
  return builder.reshape(ops.reorderOutput(builder.reshape(rows, [1, out, channels, taps]), out), [out, channels, height, width]);
}
