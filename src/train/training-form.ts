import type { Value } from '../onnx/builder.js';
import { float, int } from '../onnx/builder.js';
import { floatAttribute, type Graph, type Node } from '../onnx/graph.js';

/** A batch normalisation whose running statistics a training step has to update. */
export interface RunningStatistics {
  /** Parameters that hold the running mean and variance. */
  readonly mean: Value;
  readonly variance: Value;
  /** Values that hold the batch's mean and biased variance. */
  readonly batchMean: Value;
  readonly batchVariance: Value;
  /** The normalised value, [N, C, ...]; its shape tells how many elements a channel has. */
  readonly input: Value;
  /** Share of the old statistics that is kept at each step (ONNX's momentum, 1 - PyTorch's): 0.9 by default. */
  readonly kept: number;
}

/**
 * Rewrites batch normalisation from its inference form, which reads stored statistics, to its training form, which
 * computes the batch's. The statistics come out at momentum 0, that is unmixed: ONNX would mix in the biased variance
 * where PyTorch mixes in the unbiased one, so the step does the mixing itself.
 */
export function trainingForm(graph: Graph): { graph: Graph; statistics: RunningStatistics[] } {
  const statistics: RunningStatistics[] = [];
  const nodes = graph.nodes.map((node): Node => {
    const [input, , , mean, variance] = node.inputs;
    if (node.opType !== 'BatchNormalization' || !graph.initializers.has(mean) || !graph.initializers.has(variance)) return node;
    const batchMean = `${node.name}:batch_mean`;
    const batchVariance = `${node.name}:batch_variance`;
    statistics.push({ mean, variance, batchMean, batchVariance, input, kept: floatAttribute(node, 'momentum', 0.9) });
    const attributes = { ...node.attributes, training_mode: int(1), momentum: float(0) };
    return { ...node, outputs: [node.outputs[0], batchMean, batchVariance], attributes };
  });
  return { graph: { ...graph, nodes, types: new Map() }, statistics };
}
