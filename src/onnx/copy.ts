import type { GraphBuilder, Value } from './builder.js';
import type { Graph } from './graph.js';

/**
 * Adds one more copy of a graph's nodes to a builder that already holds its parameters, so that one function can be used
 * several times in a graph. What the copy computes is named `<prefix>/<name>`.
 * @param replaced inputs or parameters of the graph that the copy reads from elsewhere, by name.
 * @returns the name that a value of the graph has in the copy.
 */
export function addCopy(
  builder: GraphBuilder,
  graph: Graph,
  prefix: string,
  replaced: Readonly<Record<string, Value>>,
): (value: Value) => Value {
  const computed = new Set(graph.nodes.flatMap((node) => node.outputs));
  const nameOf = (value: Value): Value => {
    if (Object.hasOwn(replaced, value)) return replaced[value];
    return value !== '' && computed.has(value) ? `${prefix}/${value}` : value;
  };
  for (const node of graph.nodes) {
    if (Object.values(node.attributes).some(({ kind }) => kind === 'graph'))
      throw new Error(`node '${node.name}' holds a graph of its own, which cannot be copied`);
    builder.append({ ...node, name: `${prefix}/${node.name}`, inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf) });
  }
  return nameOf;
}
