import { int } from '../../attributes.js';
import type { GraphBuilder, Value } from '../../builder.js';
import { floatAttribute, intAttribute, stringAttribute } from '../../graph.js';
import { NotSupported, type Upgrade, type UpgradeContext, type UpgradeTable } from './upgrade.js';

/** Operators that came later than the operator set used here, or changed since, in terms of older ones. */
export const functions: UpgradeTable = {
  // x times the normal distribution's Φ(x) = (1 + erf(x/√2)) / 2, or what approximates that.
  Gelu: ({ node, builder }) => {
    const [x] = node.inputs;
    const half = builder.mul(x, builder.scalar(0.5));
    const approximate = stringAttribute(node, 'approximate', 'none') === 'tanh';
    const slope = approximate
      ? builder.tanh(tanhArgument(builder, x))
      : builder.op('Erf', [builder.mul(x, builder.scalar(Math.SQRT1_2))])[0];
    return [builder.mul(half, builder.add(slope, builder.scalar(1)))];
  },

  // x sigmoid(a x).
  Swish: ({ node, builder }) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    const [x] = node.inputs;
    return [builder.mul(x, builder.sigmoid(alpha === 1 ? x : builder.mul(x, builder.scalar(alpha))))];
  },

  Mean: ({ node, builder }) => {
    const sum = builder.op('Sum', node.inputs)[0];
    return [builder.mul(sum, builder.scalar(1 / node.inputs.length))];
  },

  // (x - mean) / deviation over images and positions, or other axes; no constant keeps the deviation from zero.
  MeanVarianceNormalization: ({ node, builder }) => {
    const axes = node.attributes.axes?.kind === 'ints' ? node.attributes.axes.value : [0, 2, 3];
    const centred = builder.sub(node.inputs[0], builder.reduceMean(node.inputs[0], axes, true));
    const deviation = builder.sqrt(builder.reduceMean(builder.mul(centred, centred), axes, true));
    return [builder.div(centred, builder.add(deviation, builder.scalar(1e-9)))];
  },

  // x / √(mean of x² + ε) times a scale, over the axes from `axis` on.
  RMSNormalization: ({ node, builder, rankOf }) => {
    const [x, scale] = node.inputs;
    const axis = intAttribute(node, 'axis', -1);
    const rank = axis === -1 ? 1 : rankOf(x);
    if (rank === undefined) throw new NotSupported('the number of axes of its input is not known');
    const axes = Array.from({ length: axis < 0 ? -axis : rank - axis }, (_, i) => -1 - i);
    const square = builder.reduceMean(builder.mul(x, x), axes, true);
    const size = builder.sqrt(builder.add(square, builder.scalar(floatAttribute(node, 'epsilon', 1e-5))));
    return [builder.mul(builder.div(x, size), scale)];
  },

  GroupNormalization: (context) => [groupNormalization(context)],

  Softmax: (context) => coerced(context),
  LogSoftmax: (context) => coerced(context),
};

/** √(2/π) (x + 0.044715 x³). */
function tanhArgument(builder: GraphBuilder, x: Value): Value {
  const cubic = builder.mul(builder.mul(builder.mul(x, x), x), builder.scalar(0.044715));
  return builder.mul(builder.add(x, cubic), builder.scalar(Math.sqrt(2 / Math.PI)));
}

/**
 * Each group is normalised as if it were one channel; then come scale and shift, one number a channel, or a group before
 * operator set 21.
 */
function groupNormalization({ node, builder, constantOf, opset }: UpgradeContext): Value {
  const [x, scale, shift] = node.inputs;
  const groups = intAttribute(node, 'num_groups', 1);
  // Not an InstanceNormalization: its scale and shift would pass for learned ones.
  const grouped = builder.reshape(x, [0, groups, -1]);
  const centred = builder.sub(grouped, builder.reduceMean(grouped, [2], true));
  const variance = builder.reduceMean(builder.mul(centred, centred), [2], true);
  const deviation = builder.sqrt(builder.add(variance, builder.scalar(floatAttribute(node, 'epsilon', 1e-5))));
  const normalised = builder.div(centred, deviation);
  const rows = opset < 21 ? groups : (constantOf(scale)?.dims[0] ?? -1);
  if (rows < 0) throw new NotSupported('its scale is computed by the model');
  const perRow = (value: Value) => builder.reshape(value, [rows, 1]);
  const spread = builder.reshape(normalised, [0, rows, -1]);
  return likeShapeOf(builder, builder.add(builder.mul(spread, perRow(scale)), perRow(shift)), x);
}

/**
 * Before operator set 13 the axes from `axis` (1 by default) on were one: the largest value and the sum were taken over
 * all of them together.
 */
const coerced: Upgrade = ({ node, builder, opset, rankOf }) => {
  if (opset >= 13) return undefined;
  const axis = intAttribute(node, 'axis', 1);
  const rank = rankOf(node.inputs[0]) ?? rankOf(node.outputs[0]);
  if (axis === -1 || axis + 1 === rank) return { ...node, attributes: { axis: int(-1) } };
  const [rows] = builder.op(node.opType, [builder.flatten(node.inputs[0], axis)], { axis: int(-1) }, 1, node.name || undefined);
  return [likeShapeOf(builder, rows, node.inputs[0])];
};

function likeShapeOf(builder: GraphBuilder, value: Value, other: Value): Value {
  return builder.op('Reshape', [value, builder.op('Shape', [other])[0]])[0];
}
