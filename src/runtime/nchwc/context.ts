import type { GraphBuilder, Value } from '../../onnx/builder.js';
import type { Node } from '../../onnx/graph.js';
import type { FormChoice } from '../forms.js';
import type { BlockedOperators } from './operators.js';
import type { BlockedValues } from './values.js';

/** What a node is rewritten with. */
export interface Context {
  readonly ops: BlockedOperators;
  readonly values: BlockedValues;
  /** Goes before the rules by which forms are chosen. */
  readonly choose?: FormChoice;
}

/** Adds a node in the blocked layout and returns true, or returns false where that cannot be done or does not pay. */
export type Rewrite = (node: Node, context: Context) => boolean;

/** Gives a value in the graph's own layout the name that the graph has for it. */
export function setOutput({ ops, values }: Context, name: string, value: Value): void {
  ops.builder.append({ name: '', opType: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
  values.setPlain(name);
}

/** A vector over the channels of images as stored: repeated for each image of a block, or filled up with zeros. */
export function channelVector({ ops }: Context, vector: Value, shape: readonly number[]): Value {
  const fold = ops.fold(shape);
  return fold > 1 ? repeated(ops.builder, vector, shape[1], fold) : ops.builder.pad(vector, [0, ops.padded(shape[1]) - shape[1]]);
}

/** The channels themselves of a vector over stored ones. */
export function firstChannels({ ops }: Context, vector: Value, channels: number): Value {
  return channels % ops.block === 0 ? vector : ops.builder.slice(vector, [0], [channels], [0]);
}

/** [C] as often as there are images, [f·C]. */
export function repeated(builder: GraphBuilder, vector: Value, channels: number, fold: number): Value {
  return builder.reshape(builder.expand(vector, [fold, channels]), [fold * channels]);
}
