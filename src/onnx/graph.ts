import type { DataType, Tensor } from '../core/tensor.js';

/** One axis of a shape: a size, or the name of a size that is known only at run time (`N`). */
export type Dim = number | string;

/** Element type and shape of a value; `dims` undefined when not even the rank is known. */
export interface TensorType {
  readonly type: DataType;
  readonly dims?: readonly Dim[];
}

/** A graph input or output. */
export interface ValueInfo extends TensorType {
  readonly name: string;
}

/** An attribute of a node. Integers are numbers when safe; a lone integer and a lone float are told apart by `kind`. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph };

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
  readonly outputs: readonly ValueInfo[];
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

function attribute<K extends Attribute['kind']>(node: Node, name: string, kind: K): Extract<Attribute, { kind: K }>['value'] | undefined {
  const found = node.attributes[name];
  if (found === undefined) return undefined;
  if (found.kind !== kind) throw new Error(`${describeNode(node)}: attribute '${name}' is ${found.kind}, expected ${kind}`);
  return (found as Extract<Attribute, { kind: K }>).value;
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
