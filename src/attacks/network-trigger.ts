import { UserError } from '../core/errors.js';
import { floats, sizeOf } from '../core/tensor.js';
import { unitPixels } from '../nn/pixels.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import { checkImages } from './static-trigger.js';
import type { ImageShape } from './stored.js';

/** Images at a time. */
const BATCH = 100;

/**
 * Puts images through a network that gives images.
 * @param graph one input and one output, pixels in [0, 1], [N, C, H, W].
 * @param images 8-bit pixels [N, C, H, W].
 * @returns 8-bit pixels, rounded.
 * @throws UserError when the images are not of the shape.
 */
export async function applyNetwork(engine: Engine, graph: Graph, images: Uint8Array, imageShape: ImageShape): Promise<Uint8Array> {
  checkImages(images, imageShape);
  const size = sizeOf(imageShape);
  const changed = new Uint8Array(images.length);
  const program = await engine.compile(graph);
  try {
    for (let start = 0; start < images.length; start += BATCH * size) {
      const { [graph.outputs[0].name]: output } = await program.run({
        [graph.inputs[0].name]: unitPixels(images.subarray(start, start + BATCH * size), imageShape),
      });
      floats(output).forEach((pixel, i) => {
        changed[start + i] = Math.round(255 * Math.min(1, Math.max(0, pixel)));
      });
    }
  } finally {
    await program.release();
  }
  return changed;
}

/** Parameters of a graph that stand under a network's name, and so are stored with a trigger. */
export function parametersOf(graph: Graph, ...networks: readonly string[]): Tensors {
  return Object.fromEntries([...graph.initializers].filter(([name]) => networks.some((network) => name.startsWith(`${network}.`))));
}

/**
 * The graph with stored parameters in place of its own.
 * @throws UserError when they are not the ones that the graph has, each of its shape and type.
 */
export function withStoredParameters(graph: Graph, stored: Tensors | undefined, ...networks: readonly string[]): Graph {
  const own = Object.entries(parametersOf(graph, ...networks));
  const fits = ([name, { type, dims }]: (typeof own)[number]) => {
    const value = stored?.[name];
    return value?.type === type && value.dims.join() === dims.join();
  };
  if (!stored || Object.keys(stored).length !== own.length || !own.every(fits)) {
    throw new UserError('the parameters of the trigger are not those of its network; use the files that the attack wrote');
  }
  return { ...graph, initializers: new Map([...graph.initializers, ...Object.entries(stored)]) };
}
