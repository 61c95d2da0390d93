import type { DataType, Tensor } from '../core/tensor.js';
import type { GraphBuilder, Value } from '../onnx/builder.js';
import type { Node } from '../onnx/graph.js';

/** What a rule sees of the node that it differentiates. */
export interface RuleContext {
  readonly node: Node;
  /** Where the gradient's nodes go. */
  readonly builder: GraphBuilder;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Cotangent of output 0; of the others, see {@link RuleContext.cotangentOf}. */
  readonly cotangent: Value;
  /** Cotangent of an output, or undefined when nothing flows back to it. */
  cotangentOf(output: number): Value | undefined;
  /** Shape of a value of the differentiated graph. */
  shapeOf(value: Value): readonly number[];
  typeOf(value: Value): DataType;
  /** The tensor behind a value that does not depend on any input: a parameter or the output of a `Constant`. */
  constantOf(value: Value | undefined): Tensor | undefined;
}

/**
 * Builds the contribution of one node to the cotangent of one of its inputs: the vector-Jacobian product. It is called
 * only when that cotangent is wanted.
 */
export type Contribution = () => Value;

/**
 * The derivative of one operator: for each input in order, how to build its cotangent, or undefined (or a list that
 * ends early) where nothing flows back.
 */
export type Rule = (context: RuleContext) => readonly (Contribution | undefined)[];

/** A rule and how its contributions are to be read. */
export interface RuleEntry {
  readonly rule: Rule;
  /**
   * The operator broadcasts its inputs against each other. Its contributions then have the output's shape, and the
   * caller sums them over the axes along which the input was repeated.
   */
  readonly broadcasts: boolean;
}

/** Rules by operator name. */
export type RuleTable = Readonly<Record<string, RuleEntry>>;

/** An operator whose contributions have the shape of its inputs. */
export const rule = (vjp: Rule): RuleEntry => ({ rule: vjp, broadcasts: false });

/** An elementwise operator with broadcasting inputs. */
export const broadcasting = (vjp: Rule): RuleEntry => ({ rule: vjp, broadcasts: true });

/** An operator with zero derivative wherever it has one: comparisons, rounding, shapes, indices. */
export const constant: RuleEntry = { rule: () => [], broadcasts: false };

/** Builds a value when it is first wanted, and once: for what several contributions of a rule share. */
export function lazy<T>(build: () => T): () => T {
  let held: { readonly value: T } | undefined;
  return () => (held ??= { value: build() }).value;
}
