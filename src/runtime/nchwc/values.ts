import type { Value } from '../../onnx/builder.js';
import type { Graph, Node } from '../../onnx/graph.js';
import { inferShapes } from '../../onnx/infer-shapes.js';
import { readsOf } from '../../onnx/sort.js';
import { weightGradientShape } from '../../onnx/weight-gradient.js';
import type { BlockedOperators } from './operators.js';

/** One summand of a value: blocked channels, times a number per channel where there is one. */
export interface Term {
  readonly value: Value;
  /** [C], filled up. */
  readonly scale?: Value;
}

/** Σ scale · value + bias, per channel, not computed yet. */
export interface Combination {
  readonly terms: readonly Term[];
  /** [C], filled up. */
  readonly bias?: Value;
}

/**
 * In which layouts the values of a graph exist: *plain*, as the graph has them, under their own names; *blocked*; or only as
 * a combination of blocked values, which is computed when it is wanted, at one pass over memory a term.
 */
export class BlockedValues {
  readonly #ops: BlockedOperators;
  readonly #shapes: ReadonlyMap<string, readonly (number | undefined)[]>;
  /** Nodes that read a value; undefined for the graph's outputs. */
  readonly #readers = new Map<string, (Node | undefined)[]>();
  readonly #plain = new Set<string>();
  readonly #blocked = new Map<string, Value>();
  readonly #combined = new Map<string, Combination>();
  readonly #products = new Map<string, readonly [string, string]>();
  readonly #made = new Map<string, Value>();
  /** Blocked values that nothing but one further operator will read. */
  readonly #spare = new Set<Value>();

  constructor(ops: BlockedOperators, graph: Graph) {
    this.#ops = ops;
    this.#shapes = shapesOf(graph);
    const read = (name: string, by?: Node) => this.#readers.set(name, [...(this.#readers.get(name) ?? []), by]);
    for (const node of graph.nodes) for (const name of readsOf(node)) read(name, node);
    for (const { name } of graph.outputs) read(name);
    for (const name of [...graph.inputs.map((input) => input.name), ...graph.initializers.keys()]) this.#plain.add(name);
  }

  /** The shape of a value, where all of it is known. */
  shapeOf(name: string | undefined): readonly number[] | undefined {
    const dims = name === undefined ? undefined : this.#shapes.get(name);
    return dims?.every((size) => size !== undefined) ? (dims as readonly number[]) : undefined;
  }

  /** Whether the value exists blocked, or can be computed so. */
  isBlocked(name: string): boolean {
    return this.#blocked.has(name) || this.#combined.has(name) || this.#products.has(name);
  }

  /** Whether only one node reads the value. */
  hasOneReader(name: string): boolean {
    return this.onlyReader(name) !== undefined;
  }

  /** The node that alone reads the value, once. */
  onlyReader(name: string): Node | undefined {
    const readers = this.#readers.get(name);
    return readers?.length === 1 ? readers[0] : undefined;
  }

  setPlain(name: string): void {
    this.#plain.add(name);
  }

  setBlocked(name: string, value: Value): void {
    this.#blocked.set(name, value);
    if (this.hasOneReader(name)) this.#spare.add(value);
  }

  /** Says that a value is the product of two others, for its only reader to compute. */
  setProduct(name: string, factors: readonly [string, string]): void {
    this.#products.set(name, factors);
  }

  product(name: string): readonly [string, string] | undefined {
    return this.#products.get(name);
  }

  setCombination(name: string, combination: Combination): void {
    this.#combined.set(name, combination);
  }

  /** What was made under a key before, or makes it now. */
  once(key: string, make: () => Value): Value {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#made.set(key, made);
    return made;
  }

  plain(name: string): Value {
    if (!this.#plain.has(name) && this.isBlocked(name)) {
      const shape = this.shapeOf(name) as readonly number[];
      const isFolded = this.#ops.fold(shape) > 1;
      const images = this.#ops.reorderOutput(this.blocked(name), this.#ops.stored(shape)[1], isFolded ? undefined : name);
      if (isFolded) this.#reshape(images, shape, name);
      this.#plain.add(name);
    }
    return name;
  }

  blocked(name: string): Value {
    const known = this.#blocked.get(name);
    if (known !== undefined) return known;
    const combination = this.#combined.get(name);
    const value = combination ? this.compute(combination, name) : this.#ops.reorderInput(this.#filled(name));
    this.#blocked.set(name, value);
    if (combination && this.hasOneReader(name)) this.#spare.add(value);
    return value;
  }

  /** The value as a combination: what it is made of where nobody else wants to see it computed, otherwise itself. */
  combination(name: string): Combination {
    const combination = this.#combined.get(name);
    if (combination && !this.#blocked.has(name) && this.hasOneReader(name)) return combination;
    return { terms: [{ value: this.blocked(name) }] };
  }

  /**
   * Computes a combination for the value of the given name. A term without a scale is added in the same pass as one with a scale if
   * its memory is not needed any more.
   */
  compute({ terms, bias }: Combination, name: string, relu = false): Value {
    const channels = this.#ops.padded(this.#ops.stored(this.shapeOf(name) as readonly number[])[1]);
    const scaled = terms.filter(({ scale }) => scale !== undefined);
    const [first, ...others] = terms.filter(({ scale }) => scale === undefined).map(({ value }) => value);
    const { builder } = this.#ops;
    const rest = others.reduce<Value | undefined>((sum, value) => builder.add(sum as Value, value), first);
    if (scaled.length === 0 && !bias) return relu ? builder.relu(rest as Value) : (rest as Value);
    const inPlace = rest !== undefined && (others.length > 0 || this.#spare.has(rest));
    const late = rest !== undefined && !inPlace && scaled.length > 0;
    let sum = late || scaled.length === 0 ? undefined : rest;
    const passes: readonly Term[] = scaled.length > 0 ? scaled : [{ value: rest as Value }];
    passes.forEach(({ value, scale }, i) => {
      const last = i === passes.length - 1 && !late;
      sum = this.#ops.scale(value, channels, scale, { bias: i === 0 ? bias : undefined, sum, relu: relu && last });
    });
    if (!late) return sum as Value;
    const total = builder.add(sum as Value, rest);
    return relu ? builder.relu(total) : total;
  }

  /** The plain value as ReorderInput wants it: with as many channels as are stored, or filled up where they are no multiple of 4. */
  #filled(name: string): Value {
    const shape = this.shapeOf(name) as readonly number[];
    const { builder } = this.#ops;
    if (this.#ops.fold(shape) > 1) return builder.reshape(name, this.#ops.stored(shape));
    if (shape[1] % 4 === 0) return name;
    return builder.pad(name, [0, 0, 0, 0, 0, this.#ops.padded(shape[1]) - shape[1], 0, 0]);
  }

  #reshape(value: Value, dims: readonly number[], name: string): void {
    const { builder } = this.#ops;
    const inputs = [value, builder.integers(dims)];
    builder.append({ name: '', opType: 'Reshape', domain: '', inputs, outputs: [name], attributes: {} });
  }
}

/** Shapes that can be inferred, and those that weight gradients state of what they read, whatever operator that came from. */
function shapesOf(graph: Graph): ReadonlyMap<string, readonly (number | undefined)[]> {
  const shapes = inferShapes(graph);
  for (const node of graph.nodes) {
    const stated = weightGradientShape(node);
    [stated?.input, stated?.output].forEach((shape, i) => {
      if (shape) shapes.set(node.inputs[i], shape);
    });
  }
  return shapes;
}
