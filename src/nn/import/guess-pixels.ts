import type { DataType, Tensor } from '../../core/tensor.js';
import { describeNode, floatAttribute, type Graph, type Node } from '../../onnx/graph.js';

/** What a file tells about the range of the pixels that it wants. */
export interface PixelGuess {
  /** 1 for pixels in [0, 1], 255 for pixels in [0, 255]. */
  readonly scale: 1 | 255;
  readonly mean: number;
  readonly std: number;
  readonly basis: 'file' | 'assumed';
  readonly reason: string;
}

/** Operators on the way from the input that leave the values as they are. */
const passing: ReadonlySet<string> = new Set([
  'Cast',
  'Identity',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Pad',
  'Slice',
  'Gather',
]);

const real: ReadonlySet<DataType> = new Set<DataType>(['float32', 'float16', 'float64']);

/** From here on a number is one of a range of 256, not of 1: no mean or deviation of pixels in [0, 1] is as large. */
const LARGEST_MEAN = 2;
const LARGEST_STD = 10;

/** How near to 0 and 1 the mean and deviation of images come that were normalised before. */
const ROUND = 0.1;

/** ONNX's own names for ranges of pixels, in the metadata that it sets apart for images. */
const RANGE_KEY = 'Image.NominalPixelRange';
const ranges: Readonly<Record<string, Pick<PixelGuess, 'scale' | 'mean' | 'std'>>> = {
  NominalRange_0_255: { scale: 255, mean: 0, std: 1 },
  Normalized_0_1: { scale: 1, mean: 0, std: 1 },
  Normalized_1_1: { scale: 1, mean: 0.5, std: 0.5 },
};

/**
 * Guesses which pixels a model wants, from its metadata, its input's type, and the nodes behind its input: a network that
 * first subtracts 123.7 or divides by 255 wants pixels in [0, 255], one that first subtracts 0.49 wants them in [0, 1].
 * A file in which the network begins at once tells nothing.
 */
export function guessPixels(graph: Graph, metadata: Readonly<Record<string, string>>): PixelGuess {
  const stated = ranges[metadata[RANGE_KEY] ?? ''];
  if (stated) return { ...stated, basis: 'file', reason: `its metadata says ${RANGE_KEY} ${metadata[RANGE_KEY]}` };
  const [input] = graph.inputs;
  if (!real.has(input.type)) return { scale: 255, mean: 0, std: 1, basis: 'file', reason: `its input is ${input.type}` };
  const first = firstArithmetic(graph, input.name);
  if (!first) return { scale: 1, mean: 0, std: 1, basis: 'assumed', reason: 'nothing in the file tells' };
  const { mean, std, nodes } = first;
  const large = mean > LARGEST_MEAN || std > LARGEST_STD;
  const what = [
    ...(mean === 0 ? [] : [`subtract ${figure(mean)}`]),
    ...(std === 1 ? [] : [std > 1 ? `divide by ${figure(std)}` : `multiply by ${figure(1 / std)}`]),
  ];
  const reason = `its first nodes (${nodes.map(describeNode).join(', ')}) ${what.join(' and ') || 'leave the values as they are'}`;
  return { scale: large ? 255 : 1, mean: 0, std: 1, basis: 'file', reason };
}

const figure = (value: number) => String(Number(value.toPrecision(4)));

/** What the nodes behind the input do to a value, as (x - mean) / std, averaged over channels; undefined where they do nothing of the kind. */
function firstArithmetic(graph: Graph, input: string): { mean: number; std: number; nodes: Node[] } | undefined {
  let at = input;
  let [factor, shift] = [1, 0];
  const nodes: Node[] = [];
  for (;;) {
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(at));
    const [node] = readers;
    if (readers.length !== 1) break;
    const step = stepOf(graph, node, at);
    if (!step) break;
    if (!passing.has(node.opType)) nodes.push(node);
    factor *= step.factor;
    shift = shift * step.factor + step.shift;
    [at] = node.outputs;
  }
  const [mean, std] = [shift === 0 ? 0 : -shift / factor, 1 / factor];
  // What has mean 0 and deviation 1 already was normalised elsewhere, and that tells nothing of its pixels.
  const tells = nodes.length > 0 && Number.isFinite(std) && (Math.abs(mean) > ROUND || Math.abs(std - 1) > 2 * ROUND);
  return tells ? { mean, std, nodes } : undefined;
}

/** A node as y = factor · x + shift. */
function stepOf(graph: Graph, node: Node, x: string): { factor: number; shift: number } | undefined {
  if (node.domain !== '') return undefined;
  if (passing.has(node.opType)) return { factor: 1, shift: 0 };
  const constants = node.inputs.map((name) => average(graph.initializers.get(name)));
  if (node.opType === 'BatchNormalization') return normalization(node, constants);
  const own = node.inputs.indexOf(x);
  const other = constants[1 - own];
  if (other === undefined || node.inputs.length !== 2) return undefined;
  switch (node.opType) {
    case 'Add':
      return { factor: 1, shift: other };
    case 'Sub':
      return own === 0 ? { factor: 1, shift: -other } : { factor: -1, shift: other };
    case 'Mul':
      return { factor: other, shift: 0 };
    case 'Div':
      return own === 0 ? { factor: 1 / other, shift: 0 } : undefined;
    default:
      return undefined;
  }
}

/** The statistics of a batch normalisation before anything else are those of the training images; its scale and shift are learned. */
function normalization(node: Node, [, , , mean, variance]: readonly (number | undefined)[]): ReturnType<typeof stepOf> {
  if (mean === undefined || variance === undefined) return undefined;
  const std = Math.sqrt(variance + floatAttribute(node, 'epsilon', 1e-5));
  return { factor: 1 / std, shift: -mean / std };
}

/** Mean of a float constant of at most a few channels; undefined for anything larger, which is a picture or a weight. */
function average(value: Tensor | undefined): number | undefined {
  if (value?.type !== 'float32' || value.data.length === 0 || value.data.length > 4) return undefined;
  return (value.data as Float32Array).reduce((sum, number) => sum + number, 0) / value.data.length;
}
