import { float32, sizeOf, type Tensor } from '../core/tensor.js';
import type { Graph } from '../onnx/graph.js';

/** The rule by which `scripts/fixtures/generators.py` makes parameters, so that they need not be stored. */
function hashed(name: string, dims: readonly number[], place: number): Tensor<'float32'> {
  const part = name.slice(name.lastIndexOf('.') + 1);
  const inputs = dims.slice(1).reduce((product, dim) => product * dim, 1);
  const values = Float32Array.from({ length: sizeOf(dims) }, (_, i) => {
    const u = (Math.imul(i + 1 + 7919 * place, 2654435761) >>> 0) / 2 ** 32;
    if (dims.length > 1) return (2 * u - 1) / Math.sqrt(inputs);
    return part === 'weight' || part === 'running_var' ? u + 0.5 : u - 0.5;
  });
  return float32(dims, values);
}

/** The graph with made-up parameters in place of those of a network, which stand under its name. */
export function withHashedParameters(graph: Graph, network: string): Graph {
  const names = [...graph.initializers.keys()].filter((name) => name.startsWith(`${network}.`)).sort();
  const made = names.map((name, place): [string, Tensor] => [name, hashed(name, graph.initializers.get(name)?.dims ?? [], place)]);
  return { ...graph, initializers: new Map([...graph.initializers, ...made]) };
}

/** An image of made-up pixels in [0, 1]. */
export function hashedImage(imageShape: readonly [number, number, number]): Tensor<'float32'> {
  const pixels = Float32Array.from({ length: sizeOf(imageShape) }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 24) / 255);
  return float32([1, ...imageShape], pixels);
}
