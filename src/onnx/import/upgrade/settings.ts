import { int } from '../../attributes.js';
import { intAttribute, intsAttribute, type Node } from '../../graph.js';
import { NotSupported, type Upgrade, type UpgradeContext, type UpgradeTable, withInputs, without } from './upgrade.js';

/** Axes became the second input: in operator set 13 for sums and for adding and removing axes, in 18 for the other reductions. */
const axes: Upgrade = ({ node, builder }) => {
  const given = intsAttribute(node, 'axes');
  return given && withInputs(node, { 1: builder.integers(given) }, without(node, 'axes'));
};

/** Operators whose settings were attributes once and are inputs now. */
export const settings: UpgradeTable = {
  ...Object.fromEntries(
    ['Squeeze', 'Unsqueeze']
      .concat(['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((kind) => `Reduce${kind}`))
      .map((op) => [op, axes]),
  ),

  Clip: (context) => {
    const { node } = context;
    const [low, high] = [limit(context, 'min'), limit(context, 'max')];
    if (low === undefined && high === undefined) return undefined;
    return withInputs(node, { 1: low, 2: high }, without(node, 'min', 'max'));
  },

  Pad: ({ node, builder }) => {
    const pads = intsAttribute(node, 'pads');
    if (!pads) return undefined;
    const value = node.attributes.value;
    const filled = value?.kind === 'float' ? builder.scalar(value.value) : undefined;
    return withInputs(node, { 1: builder.integers(pads), 2: filled }, without(node, 'pads', 'value'));
  },

  Slice: ({ node, builder }) => {
    const [starts, ends] = [intsAttribute(node, 'starts'), intsAttribute(node, 'ends')];
    if (!starts || !ends) return undefined;
    const along = intsAttribute(node, 'axes') ?? starts.map((_, axis) => axis);
    const inputs = { 1: builder.integers(starts), 2: builder.integers(ends), 3: builder.integers(along) };
    return withInputs(node, inputs, without(node, 'starts', 'ends', 'axes'));
  },

  // Without sizes the parts are equal, and since operator set 18 their number has to be stated.
  Split: ({ node, builder, opset }) => {
    const sizes = intsAttribute(node, 'split');
    if (sizes) return withInputs(node, { 1: builder.integers(sizes) }, without(node, 'split'));
    if (opset >= 18 || node.inputs[1]) return undefined;
    return { ...node, attributes: { ...node.attributes, num_outputs: int(node.outputs.length) } };
  },

  Scatter: ({ node }) => ({ ...node, opType: 'ScatterElements' }),

  // Newer settings say how to round to types of eight bits, which are not used here.
  Cast: ({ node }) => ({ ...node, attributes: without(node, 'saturate', 'round_mode') }),

  AveragePool: ({ node }) => withoutDilations(node),
};

function limit({ node, builder }: UpgradeContext, name: string): string | undefined {
  const held = node.attributes[name];
  return held?.kind === 'float' ? builder.scalar(held.value) : undefined;
}

/** Averages over windows with gaps came in operator set 19. */
function withoutDilations(node: Node): Node {
  if (intsAttribute(node, 'dilations')?.some((gap) => gap !== 1))
    throw new NotSupported('averages over windows with gaps are not supported');
  return { ...node, attributes: without(node, 'dilations') };
}

/** In inference dropout passes its input on, in every operator set; so it does in training where it drops nothing. */
export const dropout: Upgrade = ({ node, constantOf, isRead }) => {
  const stated = (input: number, otherwise: number) => Number(constantOf(node.inputs[input])?.data[0] ?? otherwise);
  if (node.inputs[2] && stated(2, 1) !== 0 && stated(1, 0.5) !== 0) {
    throw new NotSupported('drops out at random; export the model for inference');
  }
  if (node.outputs[1] && isRead(node.outputs[1])) throw new NotSupported('its mask is in use; export the model for inference');
  return [node.inputs[0]];
};

const BATCH_STATISTICS = 'computes the statistics of the batch; export the model for inference';

/** Batch normalisation as it is used in inference. */
export const batchNormalization: Upgrade = ({ node }) => {
  if (intAttribute(node, 'spatial', 1) === 0) throw new NotSupported('statistics for every pixel are not supported');
  if (intAttribute(node, 'training_mode', 0) !== 0) throw new NotSupported(BATCH_STATISTICS);
  // Before operator set 14 the other outputs being there says so.
  if (node.outputs.slice(1).some((name) => name !== '')) throw new NotSupported(BATCH_STATISTICS);
  return { ...node, outputs: node.outputs.slice(0, 1), attributes: without(node, 'spatial') };
};
