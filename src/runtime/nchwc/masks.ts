import { float32 } from '../../core/tensor.js';
import { float } from '../../onnx/attributes.js';
import { dataTypeCode } from '../../onnx/data-types.js';
import { type Graph, intAttribute, type Node } from '../../onnx/graph.js';
import { ancestorsOf } from '../../onnx/rewrite.js';

/** The largest float32. */
const STEEP = float32([1], [3.4028234663852886e38]).data[0];

/**
 * Writes "1 where positive, else 0" as one operator. Greater and Cast take three times as long, as Cast makes numbers of bytes one by
 * one. HardSigmoid, max(0, min(1, αx)), is the same with the largest α there is, but for numbers below 3e-39.
 */
export function withCheapMasks(graph: Graph): Graph {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const isZero = (name: string) => {
    const value = graph.initializers.get(name);
    return value?.type === 'float32' && value.data.length === 1 && value.data[0] === 0;
  };
  const masked = (node: Node): Node => {
    if (node.opType !== 'Cast' || node.domain !== '' || intAttribute(node, 'to', 0) !== dataTypeCode('float32')) return node;
    const comparison = producers.get(node.inputs[0]);
    if (comparison?.opType !== 'Greater' || comparison.domain !== '' || !isZero(comparison.inputs[1])) return node;
    return { ...node, opType: 'HardSigmoid', inputs: [comparison.inputs[0]], attributes: { alpha: float(STEEP), beta: float(0) } };
  };
  const rewritten = ancestorsOf(
    { ...graph, nodes: graph.nodes.map(masked) },
    graph.outputs.map(({ name }) => name),
  );
  return { ...rewritten, inputs: graph.inputs };
}
