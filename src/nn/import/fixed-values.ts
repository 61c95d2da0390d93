import type { DataType, Tensor } from '../../core/tensor.js';
import { zeros } from '../../core/tensor.js';
import type { Graph } from '../../onnx/graph.js';
import { type Engine, runOnce, type Tensors } from '../../runtime/engine.js';

const whole: ReadonlySet<DataType> = new Set(['int64', 'int32', 'bool', 'uint8', 'int8', 'int16', 'uint16', 'uint32', 'uint64']);

/**
 * Computes what a graph computes from constants and shapes alone, such as the sizes of a Resize, and stores the results, as
 * far as they are the same for any number of images. Only whole numbers and truth values, and what Resize is told: numbers
 * that are derived from weights have to follow these in training.
 * @param graph with complete `types`, whose only input's first axis is the batch.
 */
export async function fixValues(engine: Engine, graph: Graph): Promise<Graph> {
  const wanted = frontier(graph);
  if (wanted.length === 0) return graph;
  const [two, three] = [await valuesAt(engine, graph, wanted, 2), await valuesAt(engine, graph, wanted, 3)];
  return store(
    graph,
    wanted.filter((name) => sameValue(two[name], three[name])),
    two,
  );
}

/**
 * The same for one number of images: what changes with it is stored as well. Exporters that fold no constants leave shapes of
 * Reshape to be put together from them at every run.
 */
export async function foldValues(engine: Engine, graph: Graph, batch: number): Promise<Graph> {
  const wanted = frontier(graph);
  return wanted.length === 0 ? graph : store(graph, wanted, await valuesAt(engine, graph, wanted, batch));
}

function store(graph: Graph, names: readonly string[], values: Tensors): Graph {
  const initializers = new Map(graph.initializers);
  for (const name of names) initializers.set(name, values[name]);
  const nodes = graph.nodes.filter(({ outputs }) => !outputs.some((name) => names.includes(name)));
  return { ...graph, nodes, initializers };
}

/** Values that depend on constants and shapes alone, and are read by a node that depends on more. */
function frontier(graph: Graph): string[] {
  const still = new Set(graph.initializers.keys());
  const computed = new Set<string>();
  for (const node of graph.nodes) {
    const shaped = node.opType === 'Shape' || node.opType === 'Size';
    const alone = node.inputs.every((name) => name === '' || still.has(name));
    if (node.domain !== '' || !(shaped || alone) || node.outputs.length !== 1) continue;
    still.add(node.outputs[0]);
    computed.add(node.outputs[0]);
  }
  const read = graph.nodes.flatMap((node) => {
    if (node.outputs.every((name) => still.has(name))) return [];
    const told = node.opType === 'Resize' ? node.inputs.slice(1) : [];
    return node.inputs.filter((name) => computed.has(name) && (whole.has(typeOf(graph, name)) || told.includes(name)));
  });
  return [...new Set(read)];
}

function typeOf(graph: Graph, name: string): DataType {
  return graph.types.get(name)?.type ?? 'float32';
}

function valuesAt(engine: Engine, graph: Graph, names: readonly string[], batch: number): Promise<Tensors> {
  const [input] = graph.inputs;
  const dims = [batch, ...((input.dims ?? []).slice(1) as number[])];
  return runOnce(engine, { ...graph, outputs: names.map((name) => ({ name })) }, { [input.name]: zeros('float32', dims) });
}

function sameValue(a: Tensor, b: Tensor): boolean {
  return a.dims.join() === b.dims.join() && (a.data as Float32Array).every((value, i) => value === b.data[i]);
}
