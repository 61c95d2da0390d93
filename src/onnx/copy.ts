import type { GraphBuilder, Value } from './builder.js';
import type { Graph } from './graph.js';

/**
 * Adds one more copy of a graph's nodes to a builder, so that one function can be used several times in a graph. What the copy
 * computes is named `<prefix>/<name>`. A parameter is shared where the builder stores the same tensor under the same name or has
 * an input of that name, else it comes with the copy; inputs that are not replaced must be the builder's too.
 * @param replaced inputs or parameters of the graph that the copy reads from elsewhere, by name.
 * @returns the name that a value of the graph has in the copy.
 */
export function addCopy(
  builder: GraphBuilder,
  graph: Graph,
  prefix: string,
  replaced: Readonly<Record<string, Value>>,
): (value: Value) => Value {
  const names = new Map<Value, Value>(Object.entries(replaced));
  for (const [name, value] of graph.initializers) {
    if (!names.has(name) && builder.stored(name) !== value && !builder.hasInput(name))
      names.set(name, builder.parameter(`${prefix}/${name}`, value));
  }
  for (const { outputs } of graph.nodes)
    for (const name of outputs) if (name !== '' && !names.has(name)) names.set(name, `${prefix}/${name}`);
  const nameOf = (value: Value): Value => names.get(value) ?? value;
  for (const node of graph.nodes) {
    if (Object.values(node.attributes).some(({ kind }) => kind === 'graph'))
      throw new Error(`node '${node.name}' holds a graph of its own, which cannot be copied`);
    const name = node.name && `${prefix}/${node.name}`;
    builder.append({ ...node, name, inputs: node.inputs.map(nameOf), outputs: node.outputs.map(nameOf) });
  }
  return nameOf;
}
