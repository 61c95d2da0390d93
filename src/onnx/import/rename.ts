import type { Attribute, Graph, Node } from '../graph.js';

/**
 * The graph with a prefix before the name of every value and parameter, so that none of them is taken for one of the names
 * that graphs made here use. Nodes keep their names where those tell them apart, and get one where they do not.
 */
export function renameValues(graph: Graph, prefix: string): Graph {
  const rename = (name: string) => (name === '' ? '' : prefix + name);
  const taken = new Set<string>();
  const nodes = graph.nodes.map((node): Node => {
    const name = freeName(node.name || node.outputs.find((output) => output !== '') || node.opType, taken);
    return { ...node, name, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes: insides(node, prefix) };
  });
  return {
    name: graph.name,
    inputs: graph.inputs.map((input) => ({ ...input, name: rename(input.name) })),
    outputs: graph.outputs.map((output) => ({ ...output, name: rename(output.name) })),
    nodes,
    initializers: new Map(Array.from(graph.initializers, ([name, value]) => [rename(name), value])),
    types: new Map(Array.from(graph.types, ([name, type]) => [rename(name), type])),
  };
}

/** The bodies of loops and branches read values of the graph around them. */
function insides(node: Node, prefix: string): Record<string, Attribute> {
  return Object.fromEntries(
    Object.entries(node.attributes).map(([name, held]) => [
      name,
      held.kind === 'graph' ? { kind: 'graph', value: renameValues(held.value, prefix) } : held,
    ]),
  );
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}#${number}`;
  taken.add(name);
  return name;
}
