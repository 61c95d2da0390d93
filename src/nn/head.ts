import type { Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { intAttribute } from '../onnx/graph.js';

/** The last linear layer of a classifier: logits = features · W. */
export interface Head {
  /** What it reads, [N, M]. */
  readonly features: Value;
  /** Its stored weights. */
  readonly weight: string;
  /** Whether they are [K, M], as PyTorch keeps them, and not [M, K]. */
  readonly transposed: boolean;
  /** M. */
  readonly units: number;
}

/** The last linear layer with stored weights; undefined where there is none. */
export function headOf(graph: Graph): Head | undefined {
  const node = graph.nodes.findLast(({ opType, inputs }) => /^(Gemm|MatMul)$/.test(opType) && graph.initializers.has(inputs[1]));
  if (!node) return undefined;
  const [features, weight] = node.inputs;
  const transposed = node.opType === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
  const dims = graph.initializers.get(weight)?.dims ?? [];
  return { features, weight, transposed, units: dims[transposed ? 1 : 0] };
}
