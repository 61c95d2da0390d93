import { GraphBuilder } from '../../builder.js';
import type { Graph, Node } from '../../graph.js';
import { readsOf } from '../../sort.js';
import { convolution } from './convolution.js';
import { functions } from './functions.js';
import { resizing } from './resize.js';
import { batchNormalization, dropout, settings } from './settings.js';
import { NotSupported, type UpgradeTable } from './upgrade.js';

const upgrades: UpgradeTable = {
  ...convolution,
  ...functions,
  ...resizing,
  ...settings,
  BatchNormalization: batchNormalization,
  Dropout: dropout,
  Identity: ({ node }) => [node.inputs[0]],
};

/** Operators that are rewritten or left out, wherever they are not the ones of the operator set used here. */
export const upgradedOperators: readonly string[] = Object.keys(upgrades);

/** A node that cannot be used, and why. */
export interface Problem {
  readonly node: Node;
  readonly reason: string;
}

/**
 * The graph in the operator set that is used here, whatever the one in which it was written, from 7 on. Nodes that only
 * pass their input on are left out.
 * @returns the nodes that have no counterpart, too; those stay as they are.
 */
export function upgradeGraph(graph: Graph, opset: number): { graph: Graph; problems: Problem[] } {
  const builder = new GraphBuilder(graph.name, { ...graph, nodes: [], outputs: [] });
  builder.avoid(graph);
  const problems: Problem[] = [];
  const moved = new Map<string, string>();
  const read = new Set([...graph.nodes.flatMap(readsOf), ...graph.outputs.map(({ name }) => name)]);
  const now = (name: string) => moved.get(name) ?? name;
  const ranks = new Map<string, number | undefined>(Array.from(graph.types, ([name, { dims }]) => [name, dims?.length]));
  for (const { name, dims } of [...graph.inputs, ...graph.outputs]) ranks.set(name, dims?.length);
  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map(now) };
    const result = rewrite(node);
    if (isList(result)) {
      result.forEach((value, i) => {
        moved.set(node.outputs[i], value);
      });
    } else builder.append(result);
  }
  const { outputs: _, ...rest } = builder.build();
  return { graph: { ...rest, outputs: graph.outputs.map((output) => ({ ...output, name: now(output.name) })) }, problems };

  function rewrite(node: Node): Node | readonly string[] {
    const upgrade = node.domain === '' && Object.hasOwn(upgrades, node.opType) ? upgrades[node.opType] : undefined;
    if (!upgrade) return node;
    const constantOf = (value: string | undefined) => (value ? builder.stored(value) : undefined);
    try {
      const known = { constantOf, isRead: (value: string) => read.has(value), rankOf: (value: string) => ranks.get(value) };
      return upgrade({ node, opset, builder, ...known }) ?? node;
    } catch (error) {
      if (!(error instanceof NotSupported)) throw error;
      problems.push({ node, reason: error.message });
      return node;
    }
  }
}

function isList(result: Node | readonly string[]): result is readonly string[] {
  return Array.isArray(result);
}
