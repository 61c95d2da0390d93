import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph, Node } from '../../onnx/graph.js';
import type { Engine } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { batchAxes, dimsOf } from './batch-axis.js';

/**
 * Has every Squeeze say which axes it drops. One that names none drops all of size 1, and where there is a single image that is the
 * batch as well: what `x.squeeze()` makes of one image has an axis less than what it makes of two. Here the images keep theirs.
 *
 * @param graph its input with sizes, `batch` images.
 * @returns the graph with complete `types`.
 */
export async function nameSqueezedAxes(engine: Engine, graph: Graph, batch: number): Promise<Graph> {
  const traced = await traceShapes(engine, graph);
  const at = traced.nodes.findIndex(({ opType, domain, inputs }) => opType === 'Squeeze' && domain === '' && !inputs[1]);
  if (at < 0) return traced;
  // Everything behind it may have an axis more now.
  return nameSqueezedAxes(engine, { ...withAxes(traced, at, batch), inputs: graph.inputs }, batch);
}

function withAxes(traced: Graph, at: number, batch: number): Graph {
  const node = traced.nodes[at];
  const [x] = node.inputs;
  const images = batchAxes(traced, batch, 'first').get(x)?.axis;
  const axes = dimsOf(traced, x).flatMap((dim, axis) => (dim === 1 && axis !== images ? [axis] : []));
  const builder = new GraphBuilder(traced.name, { ...traced, nodes: [], outputs: [] });
  builder.avoid(traced);
  const named: Node = axes.length > 0 ? { ...node, inputs: [x, builder.integers(axes)] } : { ...node, opType: 'Identity', inputs: [x] };
  for (const [i, other] of traced.nodes.entries()) builder.append(i === at ? named : other);
  return { ...builder.build(), outputs: traced.outputs, types: new Map() };
}
