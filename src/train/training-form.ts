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
 * @param frozen tells by the name of its running mean which normalisation stays in its inference form; default none.
 */
export function trainingForm(
  graph: Graph,
  frozen: (mean: Value) => boolean = () => false,
): { graph: Graph; statistics: RunningStatistics[] } {
  const statistics: RunningStatistics[] = [];
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const [input, scale, shift, mean, variance] = node.inputs;
    if (node.opType !== 'BatchNormalization' || !graph.initializers.has(mean) || !graph.initializers.has(variance) || frozen(mean))
      return [node];
    // Other exporters' nodes need not have names, but what they produce has.
    const [output] = node.outputs;
    const batchMean = `${output}:batch_mean`;
    const batchVariance = `${output}:batch_variance`;
    statistics.push({ mean, variance, batchMean, batchVariance, input, kept: floatAttribute(node, 'momentum', 0.9) });
    const attributes = { ...node.attributes, training_mode: int(1), momentum: float(0) };
    const unread = [unreadCopy(mean, output), unreadCopy(variance, output)];
    const inputs = [input, scale, shift, ...unread.flatMap(({ outputs }) => outputs)];
    return [...unread, { ...node, inputs, outputs: [output, batchMean, batchVariance], attributes }];
  });
  return { graph: { ...graph, nodes, types: new Map() }, statistics };
}

/**
 * At momentum 0 the old statistics do not matter, but ONNX Runtime writes the new ones over them, in the memory of the
 * input, whoever else reads it. So the node gets values of its own; an Identity or a constant would be optimised away or
 * shared with another node.
 */
function unreadCopy(statistic: Value, reader: Value): Node {
  const name = `${reader}:unread:${statistic}`;
  return { name, opType: 'Neg', domain: '', inputs: [statistic], outputs: [name], attributes: {} };
}
