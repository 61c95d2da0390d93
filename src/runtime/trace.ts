import { sizeOf, type Tensor, zeros } from '../core/tensor.js';
import type { Graph, TensorType, ValueInfo } from '../onnx/graph.js';
import { type Engine, runOnce, type Tensors } from './engine.js';

/**
 * Finds the type and shape of every value of a graph by running it on dummy data with every value as an output, so that
 * no operator needs shape inference of its own. Inputs are zeros; integer inputs too.
 *
 * An axis with a name (`N`) has the size given in `sizes`. When exactly one name is given, the graph is run with it at
 * 2 and at 3, and sizes are extrapolated from there: each axis of each value is an affine function of the batch size.
 * That costs next to nothing however large the batch is.
 *
 * @param feeds values for inputs that zeros would not do for.
 * @returns the same graph with `types` complete and every named axis replaced by its size.
 */
export async function traceShapes(
  engine: Engine,
  graph: Graph,
  sizes: Readonly<Record<string, number>> = {},
  feeds: Tensors = {},
): Promise<Graph> {
  const names = Object.keys(sizes).filter((name) => graph.inputs.some((input) => input.dims?.includes(name)));
  const fixed = withSizes(graph, sizes);
  if (names.length !== 1 || Object.keys(feeds).length > 0) return { ...fixed, types: await observe(engine, fixed, feeds) };
  return (await traceSizes(engine, graph, names[0]))(sizes[names[0]]);
}

/**
 * {@link traceShapes} for many sizes of one named axis, at the cost of one.
 * @returns the traced graph for a size.
 */
export async function traceSizes(engine: Engine, graph: Graph, name: string): Promise<(size: number) => Graph> {
  const two = await observe(engine, withSizes(graph, { [name]: 2 }), {});
  const three = await observe(engine, withSizes(graph, { [name]: 3 }), {});
  return (size) => {
    const types = new Map<string, TensorType>();
    for (const [value, { type, dims }] of two) {
      const other = (three.get(value) as TensorType).dims as number[];
      types.set(value, { type, dims: (dims as number[]).map((dim, axis) => dim + (other[axis] - dim) * (size - 2)) });
    }
    return { ...withSizes(graph, { [name]: size }), types };
  };
}

/** The graph with every named axis of its inputs replaced by a size. */
function withSizes(graph: Graph, sizes: Readonly<Record<string, number>>): Graph {
  const fix = (info: ValueInfo): ValueInfo => ({
    ...info,
    dims: info.dims?.map((dim) => (typeof dim === 'string' ? (sizes[dim] ?? dim) : dim)),
  });
  return { ...graph, inputs: graph.inputs.map(fix), outputs: graph.outputs.map(({ name }) => ({ name })) };
}

async function observe(engine: Engine, graph: Graph, feeds: Tensors): Promise<Map<string, TensorType>> {
  const values = graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
  const inputs: Tensors = {};
  for (const input of graph.inputs) inputs[input.name] = feeds[input.name] ?? zeros(input.type, concrete(input, graph));
  const observed = await runOnce(engine, { ...graph, outputs: values.map((name) => ({ name })) }, inputs);
  const types = new Map<string, TensorType>();
  const note = (name: string, { type, dims }: Tensor) => types.set(name, { type, dims: [...dims] });
  for (const [name, value] of Object.entries({ ...inputs, ...observed })) note(name, value);
  for (const [name, value] of graph.initializers) note(name, value);
  return types;
}

function concrete(input: ValueInfo, graph: Graph): number[] {
  const dims = input.dims ?? [];
  const missing = dims.find((dim) => typeof dim !== 'number');
  if (missing !== undefined) throw new Error(`graph '${graph.name}': the size of axis '${missing}' of input '${input.name}' must be given`);
  if (sizeOf(dims as number[]) === 0) throw new Error(`graph '${graph.name}': input '${input.name}' is empty`);
  return dims as number[];
}
