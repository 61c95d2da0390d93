import type { GraphBuilder, Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';

/** Adds a one-input graph to a builder, reading a value of the builder instead of its own input. Names stay as they are. */
export function embed(builder: GraphBuilder, graph: Graph, value: Value): void {
  const [input] = graph.inputs;
  builder.append({ name: '', opType: 'Identity', domain: '', inputs: [value], outputs: [input.name], attributes: {} });
  builder.include({ ...graph, inputs: [] });
}
