import type { Tensor } from '../../../core/tensor.js';
import type { GraphBuilder, Value } from '../../builder.js';
import type { Attribute, Node } from '../../graph.js';

/** What an upgrade sees of the node that it rewrites. */
export interface UpgradeContext {
  readonly node: Node;
  /** Operator set in which the node is written. */
  readonly opset: number;
  /** Where the nodes that take its place go. */
  readonly builder: GraphBuilder;
  /** The tensor behind a value that is stored with the graph. */
  constantOf(value: Value | undefined): Tensor | undefined;
  /** Whether a node reads a value, or the graph gives it. */
  isRead(value: Value): boolean;
  /** Number of axes of a value, where the file tells it. */
  rankOf(value: Value): number | undefined;
}

/**
 * Rewrites a node of another operator set in the one that is used here.
 * @returns another node with the same outputs; or for each output the value that takes its place; or undefined where the
 *   node can stay as it is.
 * @throws NotSupported
 */
export type Upgrade = (context: UpgradeContext) => Node | readonly Value[] | undefined;

/** Upgrades by operator name. */
export type UpgradeTable = Readonly<Record<string, Upgrade>>;

/** A node that cannot be brought into the operator set that is used here; the message is the reason. */
export class NotSupported extends Error {}

/** The node's attributes without some of them. */
export function without(node: Node, ...names: readonly string[]): Record<string, Attribute> {
  return Object.fromEntries(Object.entries(node.attributes).filter(([name]) => !names.includes(name)));
}

/** The node with some of its inputs set, by index; undefined leaves one as it is, and those between that are left out stay so. */
export function withInputs(node: Node, inputs: Readonly<Record<number, Value | undefined>>, attributes = node.attributes): Node {
  const set = Object.keys(inputs)
    .map(Number)
    .filter((index) => inputs[index] !== undefined);
  const length = Math.max(node.inputs.length, ...set.map((index) => index + 1));
  return { ...node, inputs: Array.from({ length }, (_, i) => inputs[i] ?? node.inputs[i] ?? ''), attributes };
}
