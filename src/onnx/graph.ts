import { UserError } from '../core/errors.js';
import type { DataType, Tensor } from '../core/tensor.js';

/** One axis of a shape: a size, or the name of a size that is known only at run time (`N`). */
export type Dim = number | string;

/** Element type and shape of a value; `dims` undefined when not even the rank is known. */
export interface TensorType {
  readonly type: DataType;
  readonly dims?: readonly Dim[];
}

/** A graph input. */
export interface ValueInfo extends TensorType {
  readonly name: string;
}

/** A graph output; the runtime infers what is left out. */
export interface OutputInfo extends Partial<TensorType> {
  readonly name: string;
}

/** The kinds of attribute that a node may have, and what each holds. */
export interface AttributeValues {
  int: number;
  float: number;
  string: string;
  ints: readonly number[];
  floats: readonly number[];
  strings: readonly string[];
  tensor: Tensor;
  graph: Graph;
}

/** An attribute of a node. `kind` tells a lone integer from a lone float. */
export type Attribute = { [K in keyof AttributeValues]: { readonly kind: K; readonly value: AttributeValues[K] } }[keyof AttributeValues];

/** One operation. An empty string among the inputs or outputs stands for one that is left out. */
export interface Node {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/**
 * A computation as data: nodes in topological order, connected by the names of the values between them.
 * Parameters are `initializers`, by name. `types` holds what is known of the values in between.
 */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly OutputInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly types: ReadonlyMap<string, TensorType>;
}

/** A graph as it is stored: with the operator set it is written in and free-form metadata. */
export interface Model {
  readonly graph: Graph;
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The operator set in which every graph made here is written. */
export const OPSET = 18;

/** The node as an error message names it: `Conv 'layer1.0.conv1'`. */
export function describeNode(node: Node): string {
  return `${node.domain ? `${node.domain}.` : ''}${node.opType} '${node.name || node.outputs[0]}'`;
}

function attribute<K extends keyof AttributeValues>(node: Node, name: string, kind: K): AttributeValues[K] | undefined {
  const found = node.attributes[name];
  if (found === undefined) return undefined;
  if (found.kind !== kind)
    throw new UserError(`${describeNode(node)}: attribute '${name}' is ${found.kind}, expected ${kind}; the model is damaged`);
  return found.value as AttributeValues[K];
}

/** Reads an integer attribute, or its default. */
export function intAttribute(node: Node, name: string, fallback: number): number {
  return attribute(node, name, 'int') ?? fallback;
}

/** Reads a float attribute, or its default. */
export function floatAttribute(node: Node, name: string, fallback: number): number {
  return attribute(node, name, 'float') ?? fallback;
}

/** Reads a list of integers, or undefined where the attribute is absent. */
export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  return attribute(node, name, 'ints');
}

/** Reads a string attribute, or its default. */
export function stringAttribute(node: Node, name: string, fallback: string): string {
  return attribute(node, name, 'string') ?? fallback;
}
