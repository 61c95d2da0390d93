import { type DataType, full, int64, type Tensor } from '../core/tensor.js';
import type { Attribute, Dim, Graph, Node, OutputInfo, TensorType, ValueInfo } from './graph.js';

/** The name of a value in a graph under construction. */
export type Value = string;

/** A graph under construction: what it holds so far, and which names are taken. Started from a graph, it adds to a copy of it. */
export class GraphDraft {
  readonly #name: string;
  readonly #prefix: string;
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: OutputInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #types = new Map<string, TensorType>();
  readonly #names = new Set<string>();
  readonly #avoided = new Set<string>();
  readonly #scalars = new Map<number, Value>();

  /**
   * @param prefix that every name which is made here begins with: in the body of a node, names must differ from those of the graph
   *   around it.
   */
  constructor(name: string, base?: Graph, prefix = '') {
    this.#name = name;
    this.#prefix = prefix;
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

  /** Says what is known of a value. */
  note(value: Value, type: TensorType): void {
    this.#types.set(value, type);
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
  op(
    opType: string,
    inputs: readonly Value[],
    attributes: Record<string, Attribute> = {},
    count = 1,
    label?: string,
    domain = '',
  ): Value[] {
    const outputs: Value[] = [];
    while (outputs.length < count) outputs.push(this.#fresh(label ?? opType, label !== undefined && outputs.length === 0, outputs));
    this.append({ name: label ?? '', opType, domain, inputs, outputs, attributes });
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
  #fresh(label: string, bare = false, taken: readonly string[] = []): string {
    const prefix = `${this.#prefix}${label}`;
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
}
