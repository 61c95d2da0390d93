import type { Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { BatchNorm } from './feature-maps.js';

/** A batch normalisation with stored parameters, and the value that it normalises. */
export interface BatchNormLayer extends BatchNorm {
  /** The node's name: `layer2.0.bn1`. */
  readonly name: string;
  /** [N, C, ...]. */
  readonly input: Value;
  /** C. */
  readonly channels: number;
}

/** The batch normalisations of a graph in the order in which they run; none is not an error. */
export function batchNorms(graph: Graph): BatchNormLayer[] {
  return graph.nodes.flatMap(({ name, opType, domain, inputs, outputs }) => {
    const [input, scale, shift, mean, variance] = inputs;
    const stored = [scale, shift, mean, variance].every((parameter) => graph.initializers.has(parameter));
    if (opType !== 'BatchNormalization' || domain !== '' || !stored) return [];
    const channels = graph.initializers.get(scale)?.dims[0] as number;
    return [{ name: name || outputs[0], input, channels, scale, shift, mean, variance }];
  });
}
