import { UserError } from '../core/errors.js';
import { describeNode, type Graph, type Node } from './graph.js';

/** Names that a node reads: its inputs, and whatever the bodies of its subgraphs take from the outside. */
export function readsOf(node: Node): string[] {
  const names = node.inputs.filter((name) => name !== '');
  for (const attribute of Object.values(node.attributes)) if (attribute.kind === 'graph') names.push(...outerReads(attribute.value));
  return names;
}

function outerReads(graph: Graph): string[] {
  const own = new Set<string>([...graph.inputs.map((input) => input.name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const name of node.outputs) own.add(name);
  const reads = graph.nodes.flatMap(readsOf);
  return [...reads, ...graph.outputs.map((output) => output.name)].filter((name) => !own.has(name));
}

/**
 * The nodes in an order in which every value is produced before it is read; nodes that are already so keep their order.
 * @throws UserError when the nodes form a cycle or two of them produce the same value.
 */
export function sortNodes(nodes: readonly Node[], file = 'the graph'): Node[] {
  const producer = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (producer.has(name)) throw new UserError(`${file}: value '${name}' is produced twice; the file is damaged`);
      producer.set(name, index);
    }
  });
  const waiting = nodes.map((node) => new Set(readsOf(node).flatMap((name) => producer.get(name) ?? [])));
  const readers: number[][] = nodes.map(() => []);
  waiting.forEach((sources, index) => {
    for (const source of sources) readers[source].push(index);
  });
  if (isSorted(waiting)) return [...nodes];
  const ready = waiting.flatMap((sources, index) => (sources.size === 0 ? [index] : []));
  const sorted: Node[] = [];
  for (let next = 0; next < ready.length; next++) {
    sorted.push(nodes[ready[next]]);
    for (const reader of readers[ready[next]]) {
      waiting[reader].delete(ready[next]);
      if (waiting[reader].size === 0) ready.push(reader);
    }
  }
  if (sorted.length < nodes.length) {
    throw new UserError(`${file}: ${describeNode(nodes[onCycle(waiting)])} depends on itself; the file is damaged`);
  }
  return sorted;
}

/** A node that waits for itself. Others may only wait for such a one: following the sources leads there. */
function onCycle(waiting: readonly Set<number>[]): number {
  const passed = new Set<number>();
  let at = waiting.findIndex((sources) => sources.size > 0);
  while (!passed.has(at)) {
    passed.add(at);
    [at] = waiting[at];
  }
  return at;
}

function isSorted(sources: readonly Set<number>[]): boolean {
  return sources.every((set, index) => [...set].every((source) => source < index));
}
