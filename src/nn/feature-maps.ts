import { UserError } from '../core/errors.js';
import type { Value } from '../onnx/builder.js';
import { describeNode, type Graph, type Node } from '../onnx/graph.js';

/** A convolution whose output channels are feature maps. */
export interface ConvLayer {
  /** The node's name, unique in the graph: `layer2.0.conv1`. Everything that speaks of a layer is keyed by it. */
  readonly name: string;
  /** The value that holds its feature maps, [N, C, H, W], before normalisation and activation. */
  readonly output: Value;
  /** C. */
  readonly channels: number;
  /** Parameters. */
  readonly weight: string;
  readonly bias?: string;
  /** A batch normalisation that is the only reader of the output, and of its own scale and shift. */
  readonly norm?: BatchNorm;
}

/** Names of a batch normalisation's parameters and running statistics, each with one value a channel. */
export interface BatchNorm {
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
}

/**
 * The convolutions of a graph in the order in which they run. Their weights must be stored with the graph.
 * @throws UserError when there is none: then there is nothing that feature-map pruning could do.
 */
export function convLayers(graph: Graph): ConvLayer[] {
  const readers = countReaders(graph);
  const layers = graph.nodes
    .filter((node) => node.opType === 'Conv' && graph.initializers.has(node.inputs[1]))
    .map((node) => layerOf(node, graph, readers));
  if (layers.length === 0)
    throw new UserError(
      `graph '${graph.name}' has no convolution with stored weights, so it has no feature maps to look at; choose a defence that needs none, such as ft`,
    );
  const names = new Set(layers.map((layer) => layer.name));
  if (names.size < layers.length) throw new UserError(`graph '${graph.name}' has two convolutions of the same name`);
  return layers;
}

/** Every feature map of a network counts: 4,800 in PreActResNet18. */
export function countMaps(layers: readonly ConvLayer[]): number {
  return layers.reduce((sum, layer) => sum + layer.channels, 0);
}

function layerOf(node: Node, graph: Graph, readers: ReadonlyMap<Value, Node[]>): ConvLayer {
  const [, weight, bias] = node.inputs;
  const [output] = node.outputs;
  const dims = graph.initializers.get(weight)?.dims ?? [];
  if (dims.length !== 4) throw new UserError(`${describeNode(node)}: only convolutions over images are supported`);
  return { name: node.name || output, output, channels: dims[0], weight, bias: bias || undefined, norm: normOf(output, graph, readers) };
}

function normOf(output: Value, graph: Graph, readers: ReadonlyMap<Value, Node[]>): ConvLayer['norm'] {
  const following = readers.get(output) ?? [];
  if (following.length !== 1 || following[0].opType !== 'BatchNormalization') return undefined;
  const [, scale, shift, mean, variance] = following[0].inputs;
  // What another normalisation reads as well cannot be silenced for this one alone; exporters store equal tensors once.
  const own = [scale, shift].every((name) => readers.get(name)?.length === 1);
  const stored = [scale, shift, mean, variance].every((name) => graph.initializers.has(name));
  return own && stored ? { scale, shift, mean, variance } : undefined;
}

/** Who reads each value; a graph output counts as a reader that is no node of the graph. */
function countReaders(graph: Graph): Map<Value, Node[]> {
  const readers = new Map<Value, Node[]>();
  const note = (value: Value, node: Node) => readers.set(value, [...(readers.get(value) ?? []), node]);
  for (const node of graph.nodes) for (const input of node.inputs) note(input, node);
  const outside: Node = { name: '', opType: 'Output', domain: '', inputs: [], outputs: [], attributes: {} };
  for (const { name } of graph.outputs) note(name, outside);
  return readers;
}
