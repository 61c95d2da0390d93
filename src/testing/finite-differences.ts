import { gradient } from '../autodiff/gradient.js';
import type { Random } from '../core/random.js';
import { float32, floats, sizeOf, type Tensor } from '../core/tensor.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import { traceShapes } from '../runtime/trace.js';

/** A differentiable function: a graph with float32 outputs, and the point at which it is examined. */
export interface GraphFunction {
  readonly graph: Graph;
  /** A value for every graph input. */
  readonly feeds: Tensors;
}

/** How the derivative with respect to one input compares with finite differences. */
export interface Comparison {
  readonly input: Value;
  /** Norm of the difference, relative to the norm of the numeric derivative. */
  readonly error: number;
  /** Norm of the numeric derivative. */
  readonly norm: number;
}

/** Random cotangents for the outputs of a function, of magnitude 1 to 2. */
export async function randomCotangents(engine: Engine, { graph, feeds }: GraphFunction, random: Random): Promise<Tensors> {
  const { types } = await traceShapes(engine, graph, {}, feeds);
  const draw = () => random.between(1, 2) * (random.uniform() < 0.5 ? -1 : 1);
  const cotangent = (name: string) => {
    const dims = types.get(name)?.dims as readonly number[];
    return float32(dims, Float32Array.from({ length: sizeOf(dims) }, draw));
  };
  return Object.fromEntries(graph.outputs.map(({ name }) => [name, cotangent(name)]));
}

/**
 * The derivative of the sum of output times cotangent, as a function of the same inputs with one output for each of
 * `withRespectTo`. It is a function like any other, so it can be examined and differentiated again.
 * @param order 1 for the derivative of a function, 2 for that of a derivative.
 */
export async function derivativeOf(
  engine: Engine,
  { graph, feeds }: GraphFunction,
  cotangents: Tensors,
  withRespectTo: readonly Value[],
  order = 1,
): Promise<GraphFunction> {
  const builder = new GraphBuilder(graph.name, graph);
  const products = graph.outputs.map(({ name }) => builder.reduceSum(builder.mul(name, builder.constant(cotangents[name]))));
  const total = products.reduce((a, b) => builder.add(a, b));
  builder.output(total);
  const traced = await traceShapes(engine, builder.build(), {}, feeds);
  const prefix = 'grad:'.repeat(order);
  const differentiated = gradient(traced, total, withRespectTo, prefix);
  const outputs = withRespectTo.map((name) => ({ name: prefix + name }));
  return { graph: { ...differentiated, outputs }, feeds };
}

/** The same function with y + y² for every output y, so that a linear operator has a second derivative, too. */
export function curved({ graph, feeds }: GraphFunction): GraphFunction {
  const builder = new GraphBuilder(graph.name, graph);
  for (const { name } of graph.outputs) builder.output(builder.add(name, builder.mul(name, name)));
  return { graph: builder.build(), feeds };
}

/**
 * Compares the derivative of a function with central differences, element by element. The outputs are contracted with
 * their cotangents in float64, so that only the graph itself rounds to float32. With points at twice the step as well,
 * the error of the difference falls with the step's fourth power, and the step can be large enough for float32.
 * @param step no kink may lie within twice of it.
 */
export async function compareWithDifferences(
  engine: Engine,
  fn: GraphFunction,
  cotangents: Tensors,
  withRespectTo: readonly Value[],
  { order = 1, step = 5e-3 } = {},
): Promise<Comparison[]> {
  const derivative = await derivativeOf(engine, fn, cotangents, withRespectTo, order);
  const slopes = await engine.compile(derivative.graph);
  const values = await engine.compile(fn.graph);
  try {
    const analytic = await slopes.run(fn.feeds);
    const evaluate = async (input: Value, moved: Float32Array) => {
      const feeds = { ...fn.feeds, [input]: float32(fn.feeds[input].dims, moved) };
      return contract(await values.run(feeds), cotangents);
    };
    const differences = async (input: Value) => {
      const centre = floats(fn.feeds[input]);
      const between = async (i: number, reach: number) => {
        const [above, below] = [centre.with(i, centre[i] + reach), centre.with(i, centre[i] - reach)];
        const [high, low] = await Promise.all([evaluate(input, above), evaluate(input, below)]);
        return (high - low) / (above[i] - below[i]);
      };
      const slope = async (i: number) => {
        const [near, far] = await Promise.all([between(i, step), between(i, 2 * step)]);
        return (4 * near - far) / 3;
      };
      return Promise.all(Array.from(centre, (_, i) => slope(i)));
    };
    const comparisons: Comparison[] = [];
    for (const [i, input] of withRespectTo.entries()) {
      const found = analytic[derivative.graph.outputs[i].name];
      comparisons.push({ input, ...distance(found, await differences(input)) });
    }
    return comparisons;
  } finally {
    await Promise.all([slopes.release(), values.release()]);
  }
}

function contract(outputs: Tensors, cotangents: Tensors): number {
  let sum = 0;
  for (const [name, cotangent] of Object.entries(cotangents)) {
    const output = floats(outputs[name], name);
    floats(cotangent).forEach((weight, i) => {
      sum += weight * output[i];
    });
  }
  return sum;
}

function distance(analytic: Tensor, numeric: readonly number[]): { error: number; norm: number } {
  const found = floats(analytic);
  if (found.length !== numeric.length) throw new Error(`the gradient has ${found.length} elements, its input ${numeric.length}`);
  const norm = Math.hypot(...numeric);
  return { error: Math.hypot(...numeric.map((value, i) => value - found[i])) / norm, norm };
}
