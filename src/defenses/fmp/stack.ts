import { sizeOf } from '../../core/tensor.js';
import { isElementwise } from '../../onnx/elementwise.js';
import type { Graph } from '../../onnx/graph.js';
import type { Device } from '../../runtime/engine.js';
import type { Stack } from './disturb.js';

/**
 * Images in flight for each CPU thread. From some 16 on, a thread has as much to do as it can use; with more, what one operator
 * writes has left the caches when the next one reads it (`npm run bench:scaling` measures it).
 */
const IMAGES_PER_THREAD = 16;
const FEWEST_IN_FLIGHT = 32;
/** On a GPU, which wants much to do at a time. */
const IMAGES_ON_GPU = 512;
/** Images of a slice at most: from there on nothing is gained. */
const MOST_IN_SLICE = 32;
/** Buffers of the size of the largest value that a run has at a time, the transforms of fast convolutions counted in; measured. */
const BUFFERS = 12;
const MEBIBYTE = 2 ** 20;

/** What limits the stack. */
export interface StackLimits {
  readonly device: Device;
  readonly threads: number;
  /** What a scan may take beside the network's weights, in MiB. */
  readonly memory: number;
  /** Images of a slice at most, default 32. */
  readonly slice?: number;
}

/**
 * How many images of how many maps go through at once, from what is fast and what fits into memory. Depends on nothing that
 * varies from run to run, as the last digits of a result depend on it.
 * @param graph the network, traced for one image.
 * @param images of each map in all.
 */
export function chooseStack(graph: Graph, images: number, { device, threads, memory, slice = MOST_IN_SLICE }: StackLimits): Stack {
  const { flying, held } = bytesPerImage(graph);
  const budget = memory * MEBIBYTE;
  const fast = device === 'cpu' ? Math.max(FEWEST_IN_FLIGHT, threads * IMAGES_PER_THREAD) : IMAGES_ON_GPU;
  const slices = Math.ceil(images / Math.max(1, Math.min(slice, images, Math.floor(budget / (flying + held)))));
  const size = Math.ceil(images / slices);
  const most = Math.floor((budget - size * held) / flying);
  return { images: size, group: Math.max(1, Math.floor(Math.min(fast, most) / size)) };
}

/** Bytes that an image takes while it goes through, and those that stay for it: the residuals of every activation, twice. */
function bytesPerImage({ nodes, types }: Graph): { flying: number; held: number } {
  const bytes = (name: string) => 4 * sizeOf((types.get(name)?.dims ?? []) as number[]);
  const values = nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== '').map(bytes));
  const activations = nodes.filter((node) => isElementwise(node) && node.inputs.length === 1).map(({ outputs }) => bytes(outputs[0]));
  return { flying: BUFFERS * Math.max(...values, 1), held: 2 * activations.reduce((sum, size) => sum + size, 0) };
}
