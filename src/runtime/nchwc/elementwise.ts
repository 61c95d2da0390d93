import type { Value } from '../../onnx/builder.js';
import type { Node } from '../../onnx/graph.js';
import { type Context, channelVector, type Rewrite } from './context.js';
import { isChannelSum } from './reductions.js';
import type { Combination } from './values.js';

/** Operators from float32 to float32 that stay finite at zero, which is what added channels may hold. */
const finite = new Set(
  'Abs Add Clip Elu Erf Exp HardSigmoid HardSwish Identity LeakyRelu Max Min Mul Neg Relu Selu Sigmoid Sign Softplus Sub Tanh'.split(' '),
);

/**
 * What works element by element does so in any order, if all its images are in the same one. Sums and multiples by channel are put off,
 * so that several of them become one pass over memory.
 */
export const elementwise: Rewrite = (node, context) => {
  const { ops, values } = context;
  const dims = values.shapeOf(node.outputs[0]);
  if (node.domain !== '' || !finite.has(node.opType) || dims?.length !== 4) return false;
  if (!node.inputs.some((name) => values.isBlocked(name))) return false;
  const kinds = node.inputs.map((name) => kindOf(values.shapeOf(name), dims));
  if (kinds.every((kind) => kind === 'image' || kind === 'channel')) {
    const combination = combined(node, kinds as ('image' | 'channel')[], context, dims);
    if (combination) {
      values.setCombination(node.outputs[0], combination);
      return true;
    }
  }
  if (!kinds.every((kind) => kind === 'image' || kind === 'scalar')) return false;
  const reader = values.onlyReader(node.outputs[0]);
  if (node.opType === 'Mul' && kinds.every((kind) => kind === 'image') && reader && isChannelSum(reader, context)) {
    values.setProduct(node.outputs[0], [node.inputs[0], node.inputs[1]]);
    return true;
  }
  if (node.opType === 'Relu' && values.hasOneReader(node.inputs[0])) {
    values.setBlocked(node.outputs[0], values.compute(values.combination(node.inputs[0]), node.inputs[0], true));
    return true;
  }
  const inputs = node.inputs.map((name, i) => (kinds[i] === 'image' ? values.blocked(name) : values.plain(name)));
  const [value] = ops.builder.op(node.opType, inputs, node.attributes);
  values.setBlocked(node.outputs[0], value);
  return true;
};

type Kind = 'image' | 'channel' | 'scalar' | 'other';

function kindOf(dims: readonly number[] | undefined, image: readonly number[]): Kind {
  if (!dims) return 'other';
  if (dims.every((size) => size === 1) && dims.length <= 4) return 'scalar';
  if (dims.join() === image.join()) return 'image';
  const raised = [...new Array<number>(Math.max(0, 4 - dims.length)).fill(1), ...dims];
  return raised.join() === [1, image[1], 1, 1].join() ? 'channel' : 'other';
}

/** Add, Mul by channel, and so on, as a combination that is not computed yet. */
function combined(
  node: Node,
  kinds: readonly ('image' | 'channel')[],
  context: Context,
  image: readonly number[],
): Combination | undefined {
  const { values, ops } = context;
  const vector = (name: string): Value => channelVector(context, ops.builder.reshape(values.plain(name), [image[1]]), image);
  const position = kinds.indexOf('image');
  if (node.opType === 'Add' && kinds.every((kind) => kind === 'image')) {
    const [a, b] = node.inputs.map((name) => values.combination(name));
    const bias = a.bias && b.bias ? ops.builder.add(a.bias, b.bias) : (a.bias ?? b.bias);
    return { terms: [...a.terms, ...b.terms], bias };
  }
  if (!kinds.includes('channel') || position < 0 || (node.opType !== 'Add' && node.opType !== 'Mul')) return undefined;
  const { terms, bias } = values.combination(node.inputs[position]);
  const factor = vector(node.inputs[1 - position]);
  if (node.opType === 'Add') return { terms, bias: bias ? ops.builder.add(bias, factor) : factor };
  const scaled = (scale: Value | undefined) => (scale === undefined ? factor : ops.builder.mul(scale, factor));
  return { terms: terms.map(({ value, scale }) => ({ value, scale: scaled(scale) })), bias: bias && ops.builder.mul(bias, factor) };
}
