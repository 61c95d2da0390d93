import { sizeOf } from '../../core/tensor.js';
import { GraphBuilder, type Value } from '../../onnx/builder.js';
import { floatAttribute, type Graph, intAttribute } from '../../onnx/graph.js';
import { channelVector, firstChannels, type Rewrite, setOutput } from './context.js';
import { BlockedOperators } from './operators.js';
import { channelProducts, channelSums } from './reductions.js';

/** How many times the variance the squared mean may be for the quick way. Of 24 bits it then costs 4 at most. */
const MOST_CANCELLED = 16;

/**
 * Batch normalisation in its training form: mean, variance, and the result as a multiple of x by channel, which is computed together
 * with what follows. ONNX Runtime's own runs in one thread.
 */
export const trainingNorm: Rewrite = (node, context) => {
  const { ops, values } = context;
  const { builder } = ops;
  const [x, ...parameters] = node.inputs;
  const shape = values.shapeOf(x);
  if (node.opType !== 'BatchNormalization' || node.domain !== '' || intAttribute(node, 'training_mode', 0) !== 1) return false;
  if (shape?.length !== 4 || !values.isBlocked(x)) return false;
  const channels = shape[1];
  const [scale, shift] = parameters.slice(0, 2).map((name) => channelVector(context, values.plain(name), shape));
  const blocked = values.blocked(x);
  const mean = builder.mul(channelSums(ops, blocked, shape), builder.scalar(channels / sizeOf(shape)));
  const variance = varianceOf(ops, blocked, mean, shape);
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

/**
 * The variance per channel, [C]. E[x²] - E[x]² reads x once and writes next to nothing, but where the mean is large against the
 * deviation it is the small difference of large numbers. So if that is so for any channel, E[(x - E[x])²] is computed in its place.
 */
function varianceOf(ops: BlockedOperators, x: Value, mean: Value, shape: readonly number[]): Value {
  const { builder } = ops;
  const share = builder.scalar(shape[1] / sizeOf(shape));
  const square = builder.mul(mean, mean);
  const quick = builder.sub(builder.mul(channelProducts(ops, x, x, shape), share), square);
  const excess = builder.reduceMax(builder.sub(square, builder.mul(quick, builder.scalar(MOST_CANCELLED))));
  const body = (name: string, make: (inner: BlockedOperators) => Value): Graph => {
    const inner = new GraphBuilder(name, undefined, `${quick}:${name}:`);
    inner.output(make(new BlockedOperators(inner, ops.block)));
    return inner.build();
  };
  const exact = body('exact', (inner) =>
    inner.builder.mul(squaredDeviations(inner, x, mean, shape), inner.builder.scalar(shape[1] / sizeOf(shape))),
  );
  const branches = {
    then_branch: { kind: 'graph', value: exact },
    else_branch: { kind: 'graph', value: body('quick', (inner) => inner.builder.identity(quick)) },
  } as const;
  return builder.op('If', [builder.greater(excess, builder.scalar(0))], branches)[0];
}

/** Σ (x - E[x])² over images and positions. */
function squaredDeviations(ops: BlockedOperators, x: Value, mean: Value, shape: readonly number[]): Value {
  const { builder } = ops;
  const deviation = ops.scale(x, ops.padded(ops.stored(shape)[1]), undefined, { bias: builder.neg(mean) });
  return channelProducts(ops, deviation, deviation, shape);
}
