import type { Graph } from './graph.js';
import { readsOf } from './sort.js';

/**
 * The part of a graph that the given values depend on, with those values as its outputs. Inputs and parameters that are
 * no longer read are left out.
 */
export function ancestorsOf(graph: Graph, outputs: readonly string[]): Graph {
  const needed = new Set(outputs);
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((name) => needed.has(name))) return false;
    for (const name of readsOf(node)) needed.add(name);
    return true;
  });
  return {
    name: graph.name,
    inputs: graph.inputs.filter((input) => needed.has(input.name)),
    outputs: outputs.map((name) => graph.outputs.find((output) => output.name === name) ?? { name }),
    nodes: nodes.toReversed(),
    initializers: new Map([...graph.initializers].filter(([name]) => needed.has(name))),
    types: new Map([...graph.types].filter(([name]) => needed.has(name))),
  };
}
