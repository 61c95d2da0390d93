import { Random } from '../../core/random.js';
import { float32, sizeOf, type Tensor } from '../../core/tensor.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Attribute } from '../../onnx/graph.js';
import type { Tensors } from '../../runtime/engine.js';
import type { GraphFunction } from '../finite-differences.js';

/**
 * How an operator's inputs are drawn.
 * - `apart`: any two values differ by 0.025 or more, as does each from 0, so that no kink is near. Up to three inputs.
 * - `positive`: uniform in [0.4, 1.6].
 * - `small`: magnitude 0.1 to 0.9, of either sign.
 */
export type Sample = 'apart' | 'positive' | 'small';

/** One use of an operator. */
export interface OperatorCase {
  /** With its domain where that is not ONNX's own: `domain.Operator`. */
  readonly op: string;
  /** A shape for an input that is drawn and differentiated, a tensor for a constant, null for one that is left out. */
  readonly inputs: readonly (readonly number[] | Tensor | { readonly fed: Tensor } | null)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Number of outputs, all of them float32; default 1. */
  readonly outputs?: number;
  /** Default `small`. */
  readonly sample?: Sample;
}

/** The case as test names and messages show it. */
export function describeCase({ op, inputs, attributes = {} }: OperatorCase): string {
  const shown = inputs.map((input) => {
    if (input === null) return '-';
    if ('fed' in input) return `${input.fed.type}[${input.fed.dims}]`;
    return 'data' in input ? `{${input.data}}` : `[${input}]`;
  });
  const settings = Object.entries(attributes).map(([name, { value }]) => `${name}=${value}`);
  return [op, ...shown, ...settings].join(' ');
}

/** The case as a graph of one node, and the names of the inputs to differentiate. */
export function functionOf(item: OperatorCase, seed: number): { fn: GraphFunction; withRespectTo: string[] } {
  const random = new Random(seed);
  const builder = new GraphBuilder(item.op);
  const feeds: Tensors = {};
  const withRespectTo: string[] = [];
  const feed = (name: string, value: Tensor) => {
    feeds[name] = value;
    return builder.input(name, value.type, value.dims);
  };
  const names = item.inputs.map((input, i) => {
    if (input === null) return '';
    if ('fed' in input) return feed(`fed${i}`, input.fed);
    if ('data' in input) return builder.constant(input);
    withRespectTo.push(`x${i}`);
    return feed(`x${i}`, draw(input, item.sample ?? 'small', random.fork(i), i));
  });
  const [opType, domain] = item.op.split('.').toReversed();
  for (const output of builder.op(opType, names, item.attributes, item.outputs, undefined, domain)) builder.output(output);
  return { fn: { graph: builder.build(), feeds }, withRespectTo };
}

function draw(dims: readonly number[], sample: Sample, random: Random, position: number): Tensor {
  const length = sizeOf(dims);
  if (sample === 'apart') {
    const order = random.permutation(length);
    const offset = 0.025 * (position + 1);
    return float32(
      dims,
      Float32Array.from(order, (rank) => 0.1 * (rank - Math.floor(length / 2)) + offset),
    );
  }
  const value = () => (sample === 'positive' ? random.between(0.4, 1.6) : random.between(0.1, 0.9) * (random.uniform() < 0.5 ? -1 : 1));
  return float32(dims, Float32Array.from({ length }, value));
}
