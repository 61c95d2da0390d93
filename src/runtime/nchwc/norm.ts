import { float32, sizeOf } from '../../core/tensor.js';
import { GraphBuilder, int, type Value } from '../../onnx/builder.js';
import { floatAttribute, type Graph, intAttribute } from '../../onnx/graph.js';
import { channelVector, firstChannels, type Rewrite, setOutput } from './context.js';
import { BlockedOperators } from './operators.js';
import { channelSums, overImages } from './reductions.js';

/** How many times the variance the squared mean may be for the quick way. Of 24 bits it then costs 4 at most. */
const MOST_CANCELLED = 16;
/** From this many positions on, the quick way is quicker. */
const FEWEST_POSITIONS = 64;

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
  if (shape[2] * shape[3] < FEWEST_POSITIONS) return builder.mul(squaredDeviations(ops, x, mean, shape), share);
  const square = builder.mul(mean, mean);
  const quick = builder.sub(builder.mul(squares(ops, x, shape), share), square);
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
  return channelSums(ops, builder.mul(deviation, deviation), shape);
}

/**
 * Σ x² over images and positions: of each block of an image, X: [positions, b], the diagonal of XᵀX. That is b times as many
 * multiplications, but nothing has to be written to memory, which is what takes time.
 */
function squares(ops: BlockedOperators, x: Value, shape: readonly number[]): Value {
  const { builder, block } = ops;
  const [batch, channels, height, width] = ops.stored(shape);
  const blocks = ops.padded(channels) / block;
  const matrices = builder.reshape(x, [batch * blocks, height * width, block]);
  const [products] = builder.op('FusedMatMul', [matrices, matrices], { transA: int(1) }, 1, undefined, 'com.microsoft');
  const summed = builder.reduceSum(builder.reshape(products, [batch, blocks, block, block]), [0]);
  const identity = Float32Array.from({ length: block * block }, (_, i) => (i % (block + 1) === 0 ? 1 : 0));
  const diagonal = builder.reduceSum(builder.mul(summed, builder.constant(float32([block, block], identity))), [2]);
  return overImages(ops, builder.reshape(diagonal, [blocks * block]), shape);
}
