import type { Graph } from '../onnx/graph.js';

/** For each operator with parameters, which of its inputs are learned; the others are statistics or data. */
const learnedInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2],
};

/**
 * Names of the parameters that training changes: weights and biases of convolutions and linear layers, scale and shift
 * of normalisations. Constants of preprocessing and running statistics are not among them.
 */
export function learnedParameters(graph: Graph): string[] {
  const found = new Set<string>();
  for (const node of graph.nodes) {
    for (const index of learnedInputs[node.opType] ?? []) {
      const name = node.inputs[index];
      if (graph.initializers.get(name)?.type === 'float32') found.add(name);
    }
  }
  return [...found];
}
