import { UserError } from '../../core/errors.js';
import type { Value } from '../../onnx/builder.js';
import { describeNode } from '../../onnx/graph.js';
import { convWeightGradient, type WeightGradientShape, weightGradientShape } from '../../onnx/weight-gradient.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { type ResolvedWindow, resolveWindow } from '../window.js';

/**
 * Convolution is linear in its input and in its weights, so each of its derivatives is the adjoint of a linear map.
 * With stride s, dilation d and top-left padding p, and per axis,
 *
 *   y[n,o,i] = Σ_{c,k} w[o,c,k] · x[n,c, i·s + k·d - p].
 */
export const convolution: RuleTable = {
  Conv: rule((context) => {
    const { builder, inputs, outputs, cotangent: g, shapeOf } = context;
    const [x, w] = inputs;
    const shape = { ...windowOf(context, shapeOf(x)), input: shapeOf(x), output: shapeOf(outputs[0]) };
    return [
      () => inputGradient(context, g, w, shape),
      () => convWeightGradient(builder, x, g, shape),
      // The bias is added at every position of its channel.
      () => builder.reduceSum(g, [0, 2, 3]),
    ];
  }),

  // The transposed convolution y = Aᵀx is the adjoint of the convolution A with the same weights and window, so
  // dx = A dy; and <g, Aᵀx> = <A g, x> makes its weight gradient that of A with input g and cotangent x.
  ConvTranspose: rule((context) => {
    const { builder, inputs, outputs, cotangent: g, shapeOf } = context;
    const [x, w] = inputs;
    const shape = { ...windowOf(context, shapeOf(outputs[0])), input: shapeOf(outputs[0]), output: shapeOf(x) };
    return [
      () => builder.conv(g, w, windowFrom(shape)),
      () => convWeightGradient(builder, g, x, shape),
      () => builder.reduceSum(g, [0, 2, 3]),
    ];
  }),

  // dw(x, g) is bilinear: <v, dw(x, g)> = <g, A_v x> with the convolution A_v that has the weights v.
  'antidote.ConvWeightGradient': rule((context) => {
    const { builder, inputs, cotangent: v, node } = context;
    const [x, g] = inputs;
    const shape = weightGradientShape(node) as WeightGradientShape;
    return [() => inputGradient(context, g, v, shape), () => builder.conv(x, v, windowFrom(shape))];
  }),
};

function windowOf({ node, inputs, shapeOf }: RuleContext, imageShape: readonly number[]): ResolvedWindow {
  const weight = shapeOf(inputs[1]);
  if (weight.length !== 4) throw new UserError(`${describeNode(node)}: only convolutions over two spatial axes can be differentiated`);
  return resolveWindow(node, weight.slice(2), imageShape.slice(2));
}

function windowFrom({ kernel, strides, dilations, pads, group }: WeightGradientShape): ResolvedWindow {
  return { kernel, strides, dilations, pads, group };
}

/** dx[n,c,j] = Σ_{o,k} w[o,c,k] · g[n,o,i] over all i with i·s + k·d - p = j: the transposed convolution of g. */
function inputGradient({ builder }: RuleContext, g: Value, w: Value, shape: WeightGradientShape): Value {
  const { input, output, kernel, strides, dilations, pads } = shape;
  // Rows and columns at the far end that the stride skipped.
  const outputPadding = [0, 1].map((axis) => {
    const reached = (output[2 + axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - pads[axis] - pads[axis + 2];
    return input[2 + axis] - reached;
  });
  return builder.convTranspose(g, w, { ...windowFrom(shape), outputPadding });
}
