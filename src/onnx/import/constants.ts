import { float32, int64, type Tensor } from '../../core/tensor.js';
import type { Graph, Node } from '../graph.js';

/** The graph with the tensors of its `Constant` nodes among its parameters, under the names of what the nodes produce. */
export function liftConstants(graph: Graph): Graph {
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.filter((node) => {
    const value = node.domain === '' && node.opType === 'Constant' ? heldBy(node) : undefined;
    if (value) initializers.set(node.outputs[0], value);
    return value === undefined;
  });
  return { ...graph, nodes, initializers };
}

function heldBy({ attributes }: Node): Tensor | undefined {
  for (const [name, held] of Object.entries(attributes)) {
    if (name === 'value' && held.kind === 'tensor') return held.value;
    if (name === 'value_float' && held.kind === 'float') return float32([], [held.value]);
    if (name === 'value_floats' && held.kind === 'floats') return float32([held.value.length], held.value);
    if (name === 'value_int' && held.kind === 'int') return int64([], [held.value]);
    if (name === 'value_ints' && held.kind === 'ints') return int64([held.value.length], held.value);
  }
  return undefined;
}
