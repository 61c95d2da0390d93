import { type DataType, full, int64, type Tensor } from '../core/tensor.js';
import { float, int, ints, string, type Window, windowAttributes } from './attributes.js';
import { dataTypeCode } from './data-types.js';
import type { Attribute, Dim, Graph, Node, OutputInfo, TensorType, ValueInfo } from './graph.js';

export { float, int, ints, string, type Window };

/** The name of a value in a graph under construction. */
export type Value = string;

/**
 * Builds a graph operation by operation. Methods are named after ONNX operators and return the names of what they
 * produce. Started from a graph, it adds to a copy of it.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: OutputInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();
  readonly #names = new Set<string>();
  readonly #avoided = new Set<string>();
  readonly #scalars = new Map<number, Value>();

  constructor(name: string, base?: Graph) {
    this.#name = name;
    if (base) this.include(base);
  }

  /** Adds every input, parameter and node of a graph, under their own names; not its outputs. */
  include(graph: Graph): void {
    for (const input of graph.inputs) this.input(input.name, input.type, input.dims);
    for (const [name, value] of graph.initializers) this.parameter(name, value);
    for (const [name, type] of graph.types) this.#types.set(name, type);
    for (const node of graph.nodes) this.append(node);
  }

  /** Keeps the names of a graph that is to be included later free: no operation that is added before gets one of them. */
  avoid({ nodes, initializers }: Graph): void {
    for (const name of initializers.keys()) this.#avoided.add(name);
    for (const { outputs } of nodes) for (const name of outputs) this.#avoided.add(name);
  }

  /** Declares a graph input. */
  input(name: string, type: DataType, dims?: readonly Dim[]): Value {
    this.#claim(name);
    this.#inputs.push({ name, type, dims });
    return name;
  }

  /** Adds a named tensor that is stored with the graph. */
  parameter(name: string, value: Tensor): Value {
    this.#claim(name);
    this.#initializers.set(name, value);
    return name;
  }

  /** Whether there is an input of that name. */
  hasInput(name: string): boolean {
    return this.#inputs.some((input) => input.name === name);
  }

  /** The tensor that is stored under a name, if there is one. */
  stored(name: string): Tensor | undefined {
    return this.#initializers.get(name);
  }

  /** Adds an unnamed tensor. */
  constant(value: Tensor): Value {
    return this.parameter(this.#fresh('const'), value);
  }

  /** A float32 scalar; equal ones are stored once. */
  scalar(value: number): Value {
    const known = this.#scalars.get(value);
    if (known !== undefined) return known;
    const name = this.constant(full([], value));
    this.#scalars.set(value, name);
    return name;
  }

  /** A list of int64 numbers, as shape and axis inputs want them. */
  integers(values: readonly number[]): Value {
    return this.constant(int64([values.length], values));
  }

  /** Marks a value as a graph output, under another name if one is given. The runtime infers a type that is left out. */
  output(value: Value, name = value, type?: DataType, dims?: readonly Dim[]): Value {
    if (name !== value) this.append({ name, opType: 'Identity', domain: '', inputs: [value], outputs: [name], attributes: {} });
    this.#outputs.push({ name, type, dims });
    return name;
  }

  /** Adds a node as it is; its outputs must be new names. */
  append(node: Node): void {
    for (const output of node.outputs) if (output !== '') this.#claim(output);
    this.#nodes.push(node);
  }

  /**
   * Adds a node with `count` outputs under fresh names. `label` names the node and its first output; without one the node has
   * no name, as ONNX Runtime refuses two of the same, and a graph that is included may have names of any kind.
   */
  op(opType: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}, count = 1, label?: string): Value[] {
    const outputs: Value[] = [];
    while (outputs.length < count) outputs.push(this.#fresh(label ?? opType, label !== undefined && outputs.length === 0, outputs));
    this.append({ name: label ?? '', opType, domain: '', inputs, outputs, attributes });
    return outputs;
  }

  /** The graph so far. Without `outputs` marked it is only good for looking at. */
  build(): Graph {
    return {
      name: this.#name,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      nodes: [...this.#nodes],
      initializers: new Map(this.#initializers),
      types: new Map(this.#types),
    };
  }

  /** A name that neither the graph nor `taken` has: the prefix itself where `bare` allows it, else with a number. */
  #fresh(prefix: string, bare = false, taken: readonly string[] = []): string {
    const used = (name: string) => this.#names.has(name) || this.#avoided.has(name) || taken.includes(name);
    if (bare && !used(prefix)) return prefix;
    let number = this.#names.size;
    while (used(`${prefix}_${number}`)) number++;
    return `${prefix}_${number}`;
  }

  #claim(name: string): void {
    if (this.#names.has(name)) throw new Error(`graph '${this.#name}' already has a value named '${name}'`);
    this.#names.add(name);
  }

  #one(opType: string, inputs: readonly Value[], attributes?: Record<string, Attribute>, label?: string): Value {
    return this.op(opType, inputs, attributes, 1, label)[0];
  }

  add(a: Value, b: Value): Value {
    return this.#one('Add', [a, b]);
  }
  sub(a: Value, b: Value): Value {
    return this.#one('Sub', [a, b]);
  }
  mul(a: Value, b: Value): Value {
    return this.#one('Mul', [a, b]);
  }
  div(a: Value, b: Value): Value {
    return this.#one('Div', [a, b]);
  }
  pow(a: Value, b: Value): Value {
    return this.#one('Pow', [a, b]);
  }
  neg(x: Value): Value {
    return this.#one('Neg', [x]);
  }
  sqrt(x: Value): Value {
    return this.#one('Sqrt', [x]);
  }
  exp(x: Value): Value {
    return this.#one('Exp', [x]);
  }
  log(x: Value): Value {
    return this.#one('Log', [x]);
  }
  abs(x: Value): Value {
    return this.#one('Abs', [x]);
  }
  sign(x: Value): Value {
    return this.#one('Sign', [x]);
  }
  relu(x: Value): Value {
    return this.#one('Relu', [x]);
  }
  sigmoid(x: Value): Value {
    return this.#one('Sigmoid', [x]);
  }
  tanh(x: Value): Value {
    return this.#one('Tanh', [x]);
  }
  max(a: Value, b: Value): Value {
    return this.#one('Max', [a, b]);
  }
  min(a: Value, b: Value): Value {
    return this.#one('Min', [a, b]);
  }
  equal(a: Value, b: Value): Value {
    return this.#one('Equal', [a, b]);
  }
  greater(a: Value, b: Value): Value {
    return this.#one('Greater', [a, b]);
  }
  less(a: Value, b: Value): Value {
    return this.#one('Less', [a, b]);
  }
  where(condition: Value, a: Value, b: Value): Value {
    return this.#one('Where', [condition, a, b]);
  }
  cast(x: Value, to: DataType): Value {
    return this.#one('Cast', [x], { to: int(dataTypeCode(to)) });
  }

  /** Limits to [low, high]. */
  clip(x: Value, low: number, high: number): Value {
    return this.#one('Clip', [x, this.scalar(low), this.scalar(high)]);
  }
  softmax(x: Value, axis = -1): Value {
    return this.#one('Softmax', [x], { axis: int(axis) });
  }
  logSoftmax(x: Value, axis = -1): Value {
    return this.#one('LogSoftmax', [x], { axis: int(axis) });
  }

  matmul(a: Value, b: Value): Value {
    return this.#one('MatMul', [a, b]);
  }

  /** alpha·a·b (+ c), a and b transposed on request; alpha is 1 by default. */
  gemm(a: Value, b: Value, c?: Value, options: { transA?: boolean; transB?: boolean; alpha?: number; label?: string } = {}): Value {
    const attributes: Record<string, Attribute> = { transA: int(options.transA ? 1 : 0), transB: int(options.transB ? 1 : 0) };
    if (options.alpha !== undefined) attributes.alpha = float(options.alpha);
    return this.#one('Gemm', c === undefined ? [a, b] : [a, b, c], attributes, options.label);
  }

  /** Convolution of [N, C, H, W] with weights [O, C/group, kh, kw]. */
  conv(x: Value, weight: Value, window: Window = {}, bias?: Value, label?: string): Value {
    return this.#one('Conv', bias === undefined ? [x, weight] : [x, weight, bias], windowAttributes(window), label);
  }

  /** Transposed convolution of [N, C, H, W] with weights [C, O/group, kh, kw]. */
  convTranspose(x: Value, weight: Value, window: Window & { outputPadding?: readonly number[] } = {}): Value {
    const attributes = windowAttributes(window);
    if (window.outputPadding) attributes.output_padding = ints(window.outputPadding);
    return this.#one('ConvTranspose', [x, weight], attributes);
  }
  globalAveragePool(x: Value): Value {
    return this.#one('GlobalAveragePool', [x]);
  }

  /** Batch normalisation with stored statistics. */
  batchNorm(x: Value, scale: Value, bias: Value, mean: Value, variance: Value, epsilon: number, label?: string): Value {
    return this.#one('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: float(epsilon) }, label);
  }

  /** Sums over the axes (all of them where none are given). */
  reduceSum(x: Value, axes?: readonly number[], keepDims = false): Value {
    return this.#reduce('ReduceSum', x, axes, keepDims);
  }
  reduceMean(x: Value, axes?: readonly number[], keepDims = false): Value {
    return this.#reduce('ReduceMean', x, axes, keepDims);
  }
  reduceMax(x: Value, axes?: readonly number[], keepDims = false): Value {
    return this.#reduce('ReduceMax', x, axes, keepDims);
  }
  #reduce(opType: string, x: Value, axes: readonly number[] | undefined, keepDims: boolean): Value {
    return this.#one(opType, axes ? [x, this.integers(axes)] : [x], { keepdims: int(keepDims ? 1 : 0) });
  }
  argMax(x: Value, axis: number): Value {
    return this.#one('ArgMax', [x], { axis: int(axis), keepdims: int(0) });
  }

  /** Reshapes; 0 keeps an axis, -1 is inferred. */
  reshape(x: Value, dims: readonly number[]): Value {
    return this.#one('Reshape', [x, this.integers(dims)]);
  }
  flatten(x: Value, axis = 1): Value {
    return this.#one('Flatten', [x], { axis: int(axis) });
  }
  squeeze(x: Value, axes: readonly number[]): Value {
    return this.#one('Squeeze', [x, this.integers(axes)]);
  }
  unsqueeze(x: Value, axes: readonly number[]): Value {
    return this.#one('Unsqueeze', [x, this.integers(axes)]);
  }
  transpose(x: Value, permutation: readonly number[]): Value {
    return this.#one('Transpose', [x], { perm: ints(permutation) });
  }
  expand(x: Value, dims: readonly number[]): Value {
    return this.#one('Expand', [x, this.integers(dims)]);
  }
  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0] : this.#one('Concat', values, { axis: int(axis) });
  }
  slice(x: Value, starts: readonly number[], ends: readonly number[], axes: readonly number[], steps?: readonly number[]): Value {
    const inputs = [x, this.integers(starts), this.integers(ends), this.integers(axes)];
    return this.#one('Slice', steps ? [...inputs, this.integers(steps)] : inputs);
  }

  /** Pads with a value, by default zero: begins of every axis, then ends. Negative amounts crop. */
  pad(x: Value, pads: readonly number[], value = 0): Value {
    if (pads.every((amount) => amount === 0)) return x;
    return this.#one('Pad', value === 0 ? [x, this.integers(pads)] : [x, this.integers(pads), this.scalar(value)]);
  }

  /** Elements of x at the given positions along an axis; the result has the shape of `indices`, which has x's rank. */
  gatherElements(x: Value, indices: Value, axis: number): Value {
    return this.#one('GatherElements', [x, indices], { axis: int(axis) });
  }

  /** x with `updates` written to, or added at, the given positions along an axis. `indices` and `updates` have one shape. */
  scatterElements(x: Value, indices: Value, updates: Value, axis: number, reduction: 'none' | 'add' = 'none'): Value {
    return this.#one('ScatterElements', [x, indices, updates], { axis: int(axis), reduction: string(reduction) });
  }
  identity(x: Value): Value {
    return this.#one('Identity', [x]);
  }
}
