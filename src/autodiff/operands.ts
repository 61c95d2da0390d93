import { UserError } from '../core/errors.js';
import { describeNode, intsAttribute } from '../onnx/graph.js';
import type { RuleContext } from './rule.js';

/**
 * Integers that configure a node: an input in newer operator sets, an attribute in older ones.
 *
 * @param input index of the input that holds them.
 * @param attribute name of the attribute that holds them otherwise; it names them in the error, too.
 * @returns undefined where neither is present.
 * @throws UserError when the input is computed by the graph, because the gradient's shape would depend on it.
 */
export function integersOf(context: RuleContext, input: number, attribute: string): readonly number[] | undefined {
  const { node, constantOf } = context;
  if (!node.inputs[input]) return intsAttribute(node, attribute);
  const value = constantOf(node.inputs[input]);
  if (!value)
    throw new UserError(`${describeNode(node)}: '${attribute}' is computed by the model; only constants can be differentiated through`);
  return Array.from(value.data as ArrayLike<number | bigint>, Number);
}

/** Refuses a variant of an operator whose derivative is not known. */
export function refuse({ node }: RuleContext, what: string): never {
  throw new UserError(`no gradient is known for ${describeNode(node)} with ${what}; the model cannot be differentiated through it`);
}
