import type { Tensor } from '../../core/tensor.js';
import { GraphBuilder, ints } from '../../onnx/builder.js';
import { describeNode, type Graph, intAttribute, type Node } from '../../onnx/graph.js';
import { type BatchAxes, type BatchAxis, batchAxes, dimsOf, type Preference } from './batch-axis.js';

/**
 * Rewrites what holds a graph to one batch size, as exporters leave it when they are given an example: shapes of Reshape,
 * sizes of Resize, and tokens that are put beside every image. What comes out has to be compared with the file, as the
 * graph alone does not tell everywhere which axis the images are on.
 *
 * @param graph with complete `types` for a batch of `batch`.
 * @returns the graph, and the nodes that were rewritten, in words.
 */
export function freeBatch(graph: Graph, batch: number, prefer: Preference): { graph: Graph; rewritten: string[] } {
  const axes = batchAxes(graph, batch, prefer);
  const builder = new GraphBuilder(graph.name, { ...graph, nodes: [], outputs: [] });
  builder.avoid(graph);
  const rewritten: string[] = [];
  for (const node of graph.nodes) {
    const inputs = freeInputs(node, graph, batch, axes, builder);
    if (inputs) rewritten.push(describeNode(node));
    builder.append(inputs ? { ...node, ...inputs } : node);
  }
  return { graph: { ...builder.build(), outputs: graph.outputs, types: new Map() }, rewritten };
}

/** What changes of a node that depends on the batch size; undefined where it does not. */
function freeInputs(
  node: Node,
  graph: Graph,
  batch: number,
  axes: BatchAxes,
  builder: GraphBuilder,
): Partial<Pick<Node, 'inputs' | 'attributes'>> | undefined {
  const stated = (input: number) => numbers(graph.initializers.get(node.inputs[input]));
  switch (node.opType) {
    case 'Reshape': {
      const axis = axes.get(node.outputs[0])?.axis;
      const wanted = stated(1);
      if (axis === undefined || !wanted || wanted[axis] === -1 || isCopied(node, wanted, axis, axes)) return undefined;
      const dims = dimsOf(graph, node.outputs[0]);
      return { inputs: [node.inputs[0], builder.integers(dims.map((dim, i) => (i === axis ? -1 : dim)))] };
    }
    case 'Resize': {
      const axis = axes.get(node.outputs[0])?.axis;
      const sizes = stated(3);
      if (axis === undefined || !sizes || node.attributes.axes) return undefined;
      const others = sizes.flatMap((_, i) => (i === axis ? [] : [i]));
      const resized = builder.integers(others.map((i) => sizes[i]));
      return { inputs: node.inputs.with(3, resized), attributes: { ...node.attributes, axes: ints(others) } };
    }
    case 'Concat':
      return besideImages(node, graph, batch, axes, builder);
    default:
      return undefined;
  }
}

/** 0 stands for the size of the same axis before. */
function isCopied(node: Node, wanted: readonly number[], axis: number, axes: BatchAxes): boolean {
  return wanted[axis] === 0 && axes.get(node.inputs[0])?.axis === axis && intAttribute(node, 'allowzero', 0) === 0;
}

/** A value that is the same for every image, such as a class token, is repeated for each of them. */
function besideImages(node: Node, graph: Graph, batch: number, axes: BatchAxes, builder: GraphBuilder): { inputs: string[] } | undefined {
  const model = node.inputs.find((name) => axes.has(name));
  const lone = node.inputs.filter((name) => !axes.has(name));
  if (model === undefined || lone.length === 0) return undefined;
  const { axis } = axes.get(model) as BatchAxis;
  const rank = dimsOf(graph, model).length;
  const along = intAttribute(node, 'axis', 0);
  if (
    (along < 0 ? along + rank : along) === axis ||
    lone.some((name) => dimsOf(graph, name)[axis] !== 1 && dimsOf(graph, name)[axis] !== batch)
  )
    return undefined;
  const [shape] = builder.op('Shape', [model]);
  const ones = (count: number) => (count > 0 ? [builder.integers(new Array(count).fill(1))] : []);
  const repeats = builder.concat([...ones(axis), builder.slice(shape, [axis], [axis + 1], [0]), ...ones(rank - axis - 1)], 0);
  // One that was repeated for each image of the file's batch already is the same in all of these.
  const once = (name: string) => (dimsOf(graph, name)[axis] === 1 ? name : builder.slice(name, [0], [1], [axis]));
  return { inputs: node.inputs.map((name) => (axes.has(name) ? name : builder.op('Expand', [once(name), repeats])[0])) };
}

function numbers(value: Tensor | undefined): number[] | undefined {
  return value?.type === 'int64' ? Array.from(value.data as BigInt64Array, Number) : undefined;
}
