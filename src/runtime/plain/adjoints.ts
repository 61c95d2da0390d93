import { GraphBuilder, type Value } from '../../onnx/builder.js';
import { type Graph, intAttribute, intsAttribute, type Node, stringAttribute } from '../../onnx/graph.js';
import { type Dims, inferShapes } from '../../onnx/infer-shapes.js';
import { weightGradientShape } from '../../onnx/weight-gradient.js';
import type { FormChoice } from '../forms.js';
import { plainWeightGradient } from './weight-gradient.js';

/**
 * Writes the adjoints of convolutions, that is their derivatives, in operators that every device has and computes well:
 * weight gradients as matrix products, and transposed convolutions of stride 1 as plain ones, which ONNX Runtime runs far
 * faster.
 * @param choose a form for each weight gradient, where it is not to follow from the rule.
 * @returns the graph itself where there is nothing to do.
 */
export function withPlainAdjoints(graph: Graph, choose?: FormChoice): Graph {
  if (!graph.nodes.some((node) => weightGradientShape(node) || isTurnable(node))) return graph;
  const builder = new GraphBuilder(graph.name, { ...graph, nodes: [] });
  builder.avoid(graph);
  const shapes = inferShapes(graph);
  for (const node of graph.nodes) {
    const value = adjoint(builder, node, shapes.get(node.inputs[1]), choose);
    if (value === undefined) builder.append(node);
    else builder.append({ name: node.name, opType: 'Identity', domain: '', inputs: [value], outputs: node.outputs, attributes: {} });
  }
  return { ...builder.build(), outputs: graph.outputs };
}

function adjoint(builder: GraphBuilder, node: Node, weight: Dims | undefined, choose?: FormChoice): Value | undefined {
  const shape = weightGradientShape(node);
  if (shape) return plainWeightGradient(builder, node.inputs[0], node.inputs[1], shape, choose?.(shape));
  return isTurnable(node) && weight?.every((size) => size !== undefined) ? turnedConvolution(builder, node, weight as number[]) : undefined;
}

/** A transposed convolution over images, of stride 1, that crops nothing. */
function isTurnable(node: Node): boolean {
  if (node.opType !== 'ConvTranspose' || node.domain !== '') return false;
  const kernel = intsAttribute(node, 'kernel_shape');
  if (kernel?.length !== 2 || node.attributes.output_shape) return false;
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET') return false;
  const ones = [...(intsAttribute(node, 'strides') ?? []), ...(intsAttribute(node, 'output_padding') ?? []).map((zeros) => zeros + 1)];
  return ones.every((one) => one === 1) && turnedPads(node, kernel).every((pad) => pad >= 0);
}

/** What is left of the reach d(k-1) of the kernel on each side after its padding. */
function turnedPads(node: Node, kernel: readonly number[]): number[] {
  const dilations = intsAttribute(node, 'dilations') ?? [1, 1];
  const pads = intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
  return pads.map((pad, side) => dilations[side % 2] * (kernel[side % 2] - 1) - pad);
}

/**
 * x[j] = Σ_k w[k] · g[j + p - k·d] is the convolution of g with the kernel turned round and its channel axes swapped within each
 * group, padded by d(k-1) - p.
 * @param dims of the weights, [O, C/G, kh, kw].
 */
function turnedConvolution(builder: GraphBuilder, node: Node, [out, perGroup, ...kernel]: readonly number[]): Value {
  const [g, w, bias] = node.inputs;
  const group = intAttribute(node, 'group', 1);
  const dilations = intsAttribute(node, 'dilations') ?? [1, 1];
  const swapped =
    group === 1
      ? builder.transpose(w, [1, 0, 2, 3])
      : builder.reshape(builder.transpose(builder.reshape(w, [group, out / group, perGroup, ...kernel]), [0, 2, 1, 3, 4]), [
          group * perGroup,
          out / group,
          ...kernel,
        ]);
  // A step of -1 from the last element down to the first; the far end must lie below any index.
  const turned = kernel.every((size) => size === 1)
    ? swapped
    : builder.slice(swapped, [-1, -1], [-(2 ** 31), -(2 ** 31)], [2, 3], [-1, -1]);
  return builder.conv(g, turned, { kernel, dilations, pads: turnedPads(node, kernel), group }, bias);
}
