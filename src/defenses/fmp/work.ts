import { sizeOf } from '../../core/tensor.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import type { Graph } from '../../onnx/graph.js';
import { ancestorsOf } from '../../onnx/rewrite.js';

/**
 * What it takes to look at one map of each layer, as a share of a pass through the network: there and back to the layer, and the
 * pass with what was found. Multiplications are counted, of convolutions and linear layers.
 * @param graph the network, traced.
 */
export function workPerMap(graph: Graph, layers: readonly ConvLayer[], steps: number): number[] {
  const whole = multiplications(graph);
  return layers.map(({ output }) => {
    const below = multiplications(ancestorsOf(graph, [output])) / whole;
    // The first step begins at a point that all maps share, further ones go forward first.
    return 1 + below + (steps - 1) * 2 * below;
  });
}

function multiplications({ nodes, types, initializers }: Graph): number {
  return nodes.reduce((sum, { opType, inputs, outputs }) => {
    const weight = initializers.get(inputs[1] ?? '')?.dims ?? types.get(inputs[1] ?? '')?.dims;
    const dims = types.get(outputs[0])?.dims;
    if (!['Conv', 'Gemm', 'MatMul'].includes(opType) || !weight || !dims) return sum;
    return (
      sum + (sizeOf(dims as number[]) * sizeOf(weight as number[])) / (opType === 'Conv' ? (weight[0] as number) : (dims.at(-1) as number))
    );
  }, 0);
}

/** Estimates how long is left from how long the work so far took. */
export class Remaining {
  readonly #started = performance.now();
  readonly #total: number;
  #done = 0;

  /** @param total work in any unit; what is done already when it begins does not count. */
  constructor(total: number) {
    this.#total = total;
  }

  /** Takes work in, and gives seconds left; undefined before the first. */
  add(work: number): number | undefined {
    this.#done += work;
    if (this.#done <= 0) return undefined;
    const seconds = (performance.now() - this.#started) / 1000;
    return Math.max(0, (seconds * (this.#total - this.#done)) / this.#done);
  }
}
