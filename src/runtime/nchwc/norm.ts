import { sizeOf } from '../../core/tensor.js';
import type { Value } from '../../onnx/builder.js';
import { floatAttribute, intAttribute } from '../../onnx/graph.js';
import { channelVector, firstChannels, type Rewrite, setOutput } from './context.js';
import { channelSums } from './reductions.js';

/**
 * Batch normalisation in its training form: mean, variance of the deviation from it, and the result as a multiple of x by channel,
 * which is computed together with what follows. ONNX Runtime's own runs in one thread.
 */
export const trainingNorm: Rewrite = (node, context) => {
  const { ops, values } = context;
  const { builder } = ops;
  const [x, ...parameters] = node.inputs;
  const shape = values.shapeOf(x);
  if (node.opType !== 'BatchNormalization' || node.domain !== '' || intAttribute(node, 'training_mode', 0) !== 1) return false;
  if (shape?.length !== 4 || !values.isBlocked(x)) return false;
  const channels = shape[1];
  const share = builder.scalar(channels / sizeOf(shape));
  const [scale, shift] = parameters.slice(0, 2).map((name) => channelVector(context, values.plain(name), channels));
  const blocked = values.blocked(x);
  const mean = builder.mul(channelSums(ops, blocked, shape), share);
  const deviation = ops.scale(blocked, ops.padded(channels), undefined, { bias: builder.neg(mean) });
  const variance = builder.mul(channelSums(ops, builder.mul(deviation, deviation), shape), share);
  const spread = builder.sqrt(builder.add(variance, builder.scalar(floatAttribute(node, 'epsilon', 1e-5))));
  const slope = builder.div(scale, spread);
  const bias = builder.sub(shift, builder.mul(slope, mean));
  values.setCombination(node.outputs[0], { terms: [{ value: blocked, scale: slope }], bias });

  const kept = floatAttribute(node, 'momentum', 0.9);
  const mixed = (old: string, fresh: Value): Value => {
    if (kept === 0) return fresh;
    return builder.add(builder.mul(values.plain(old), builder.scalar(kept)), builder.mul(fresh, builder.scalar(1 - kept)));
  };
  [mean, variance].forEach((statistic, i) => {
    const output = node.outputs[1 + i];
    if (output) setOutput(context, output, mixed(parameters[2 + i], firstChannels(context, statistic, channels)));
  });
  return true;
};
