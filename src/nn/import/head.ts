import { UserError } from '../../core/errors.js';
import { sizeOf } from '../../core/tensor.js';
import type { GraphBuilder, Value } from '../../onnx/builder.js';
import { describeNode, type Graph, intAttribute, type Node } from '../../onnx/graph.js';
import { shape } from './layout.js';

/** What a file does to logits: nothing; an operator at its end; or in some other way it gives probabilities. */
export type Squashing = 'none' | 'Softmax' | 'LogSoftmax' | 'Sigmoid' | 'probabilities';

/** Where a graph's logits are. */
export interface Head {
  /** The value that holds them, one row an image once it is flattened. */
  readonly logits: Value;
  readonly squashing: Squashing;
  /** The operator at the end. */
  readonly node?: Node;
}

/** Operators that turn logits into probabilities or their logarithms, without changing which class is the largest. */
const squashing: ReadonlySet<string> = new Set<Squashing>(['Softmax', 'LogSoftmax', 'Sigmoid']);
const views: ReadonlySet<string> = new Set(['Identity', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Cast']);

/** The output of a model that has one. */
export function onlyOutput({ outputs }: Graph, file: string): string {
  if (outputs.length === 1) return outputs[0].name;
  const found = outputs.length === 0 ? 'no output' : `${outputs.length} outputs (${outputs.map(({ name }) => `'${name}'`).join(', ')})`;
  throw new UserError(`${file}: the model has ${found}, expected one, the scores of the classes; export it with these alone`);
}

/**
 * Finds the logits of a graph: its output, or where that comes out of a softmax over the classes, what goes into it.
 * @param graph with one output and complete `types`.
 */
export function headOf(graph: Graph): Head {
  const [{ name }] = graph.outputs;
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  let at = name;
  for (let node = producers.get(at); node?.domain === ''; node = producers.get(at)) {
    const [input] = node.inputs;
    if (squashing.has(node.opType) && overClasses(node, dimsOf(graph, input)))
      return { logits: input, squashing: node.opType as Squashing, node };
    if (!views.has(node.opType)) break;
    at = input;
  }
  return { logits: name, squashing: 'none' };
}

/** A softmax over anything but all values of an image is a part of the network, such as attention. */
function overClasses(node: Node, dims: readonly number[]): boolean {
  if (node.opType === 'Sigmoid') return true;
  const axis = intAttribute(node, 'axis', -1);
  return dims.at(axis) === sizeOf(dims.slice(1));
}

function dimsOf(graph: Graph, value: Value): number[] {
  return (graph.types.get(value)?.dims ?? []) as number[];
}

/**
 * Number of classes.
 * @param batch number of images in the traced graph.
 * @throws UserError when the output is not one row of scores for each image.
 */
export function classesOf(graph: Graph, batch: number, file: string): number {
  const [{ name }] = graph.outputs;
  const info = graph.types.get(name);
  const [rows, ...rest] = (info?.dims ?? []) as number[];
  const classes = sizeOf(rest);
  const remedy = 'export a classifier with one score for each class';
  const asFound = `${file}: the output is ${shape(info ?? {})} for ${batch} image${batch === 1 ? '' : 's'}`;
  if (info?.type !== 'float32' || rest.length === 0 || rows !== batch) throw new UserError(`${asFound}, expected scores [N, K]; ${remedy}`);
  if (classes < 2) throw new UserError(`${asFound}, but there must be two classes or more; ${remedy}`);
  if (rest.some((dim) => dim !== 1 && dim !== classes)) throw new UserError(`${asFound}, expected scores [N, K]; ${remedy}`);
  return classes;
}

/** Adds the logits [N, K] to a classifier under construction that holds the graph. */
export function addLogits(builder: GraphBuilder, { logits, squashing: kind }: Head, rank: number, classes: number): Value {
  const rows = rank === 2 ? logits : builder.reshape(logits, [-1, classes]);
  // A softmax of logarithms of probabilities gives the probabilities back, so these are logits.
  return kind === 'probabilities' ? builder.log(builder.max(rows, builder.scalar(SMALLEST))) : rows;
}

/** Below this a probability counts as zero, which has no logarithm. */
const SMALLEST = 1e-30;

/** What the file makes of logits: rows of `classes` each. */
export function squash(logits: Float32Array, classes: number, kind: Squashing): Float32Array {
  if (kind === 'none') return logits;
  if (kind === 'probabilities') return logits.map(Math.exp);
  if (kind === 'Sigmoid') return logits.map((value) => 1 / (1 + Math.exp(-value)));
  const result = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    const values = logits.subarray(row, row + classes);
    const largest = values.reduce((a, b) => Math.max(a, b));
    const total = values.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    values.forEach((value, k) => {
      const log = value - largest - Math.log(total);
      result[row + k] = kind === 'Softmax' ? Math.exp(log) : log;
    });
  }
  return result;
}

/** Whether rows of `classes` numbers each are probabilities: not negative, with the sum 1. */
export function areProbabilities(rows: Float32Array, classes: number): boolean {
  for (let row = 0; row < rows.length; row += classes) {
    const values = rows.subarray(row, row + classes);
    const total = values.reduce((sum, value) => sum + value, 0);
    if (values.some((value) => value < 0) || Math.abs(total - 1) > 1e-3) return false;
  }
  return true;
}

/** What the file gives, in words. */
export function describeHead({ squashing: kind, node }: Pick<Head, 'squashing' | 'node'>): string {
  if (node) {
    const given = { Softmax: 'probabilities', LogSoftmax: 'logarithms of probabilities', Sigmoid: 'scores' }[node.opType];
    return `${given}; the logits are what goes into ${describeNode(node)}`;
  }
  return kind === 'probabilities' ? 'probabilities; their logarithms serve as logits' : 'logits';
}
