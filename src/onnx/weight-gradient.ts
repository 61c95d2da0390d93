import { int, ints } from './attributes.js';
import type { GraphBuilder, Value } from './builder.js';
import { intAttribute, intsAttribute, type Node } from './graph.js';

/** Domain of operators that exist only until a graph is lowered for a device. */
export const OWN_DOMAIN = 'antidote';

const OP_TYPE = 'ConvWeightGradient';

/** A convolution over images, as its weight gradient sees it. */
export interface WeightGradientShape {
  /** The convolution's input, [N, C, H, W]. */
  readonly input: readonly number[];
  /** Its output and the cotangent of that, [N, O, Ho, Wo]. */
  readonly output: readonly number[];
  /** Height and width. */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly group: number;
}

/**
 * Gradient of a convolution with respect to its weights, [O, C/G, kh, kw]:
 *
 *   dw[o,c,k] = Σ_{n,i} g[n,o,i] · x[n,c, i·s + k·d - p].
 *
 * ONNX has no such operator. It can be put together from others in many ways, and which is fast depends on the device, so it
 * stays one node until the graph is lowered.
 * @param x the convolution's input.
 * @param g the cotangent of its output.
 */
export function convWeightGradient(builder: GraphBuilder, x: Value, g: Value, shape: WeightGradientShape): Value {
  const attributes = {
    input_shape: ints(shape.input),
    output_shape: ints(shape.output),
    kernel_shape: ints(shape.kernel),
    strides: ints(shape.strides),
    dilations: ints(shape.dilations),
    pads: ints(shape.pads),
    group: int(shape.group),
  };
  const [gradient] = builder.op(OP_TYPE, [x, g], attributes, 1, undefined, OWN_DOMAIN);
  const dims = [shape.output[1], shape.input[1] / shape.group, ...shape.kernel];
  builder.note(gradient, { type: 'float32', dims });
  return gradient;
}

/** The shape of a weight gradient, or undefined for any other node. */
export function weightGradientShape(node: Node): WeightGradientShape | undefined {
  if (node.domain !== OWN_DOMAIN || node.opType !== OP_TYPE) return undefined;
  const list = (name: string) => intsAttribute(node, name) as readonly number[];
  return {
    input: list('input_shape'),
    output: list('output_shape'),
    kernel: list('kernel_shape'),
    strides: list('strides'),
    dilations: list('dilations'),
    pads: list('pads'),
    group: intAttribute(node, 'group', 1),
  };
}
