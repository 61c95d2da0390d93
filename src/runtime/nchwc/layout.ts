import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph, Node } from '../../onnx/graph.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import { weightGradientShape } from '../../onnx/weight-gradient.js';
import type { FormChoice } from '../forms.js';
import type { Rewrite } from './context.js';
import { convolution, transposedConvolution } from './convolutions.js';
import { elementwise } from './elementwise.js';
import { withCheapMasks } from './masks.js';
import { trainingNorm } from './norm.js';
import { BlockedOperators } from './operators.js';
import { globalAverage, sumPerChannel } from './reductions.js';
import { BlockedValues } from './values.js';
import { weightGradient } from './weight-gradient.js';
import { winogradConvolution, winogradTransposed, winogradWeightGradient } from './winograd.js';

const rewrites: readonly Rewrite[] = [
  winogradConvolution,
  winogradTransposed,
  winogradWeightGradient,
  convolution,
  transposedConvolution,
  weightGradient,
  trainingNorm,
  elementwise,
  sumPerChannel,
  globalAverage,
];

/**
 * Computes a training step's convolutions on blocked channels, for the CPU. ONNX Runtime does so itself where weights are
 * constants; where they are inputs, as in training, it would copy the images out window by window and multiply matrices, at
 * half the speed and less.
 *
 * Values stay in the blocked layout from one convolution to the next, through everything that works element by element or
 * channel by channel, and are put back where another operator reads them.
 * @param block channels in a block, as this machine's ONNX Runtime has them.
 * @param choose a form for each convolution, where it is not to follow from the rules here.
 * @returns the same graph in other operators; the graph itself where every convolution has constant weights.
 */
export function withBlockedChannels(given: Graph, block: number, choose?: FormChoice): Graph {
  if (!hasVariableConvolutions(given)) return given;
  const graph = withCheapMasks(given);
  const builder = new GraphBuilder(graph.name, { ...graph, nodes: [] });
  builder.avoid(graph);
  const ops = new BlockedOperators(builder, block);
  const values = new BlockedValues(ops, graph);
  for (const node of graph.nodes) {
    if (rewrites.some((rewrite) => rewrite(node, { ops, values, choose }))) continue;
    for (const name of node.inputs) values.plain(name);
    builder.append(node);
    for (const name of node.outputs) values.setPlain(name);
  }
  for (const { name } of graph.outputs) values.plain(name);
  const outputs = graph.outputs.map(({ name }) => name);
  return { ...ancestorsOf(builder.build(), outputs), inputs: graph.inputs, outputs: graph.outputs };
}

/** Whether there is a convolution, or the gradient of one, whose weights are not constants. */
export function hasVariableConvolutions({ nodes, initializers }: Graph): boolean {
  const isConvolution = ({ opType, domain }: Node) => domain === '' && (opType === 'Conv' || opType === 'ConvTranspose');
  return nodes.some((node) => weightGradientShape(node) || (isConvolution(node) && !initializers.has(node.inputs[1])));
}
