import { UserError } from '../../core/errors.js';
import type { Value } from '../../onnx/builder.js';
import { describeNode } from '../../onnx/graph.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { type ResolvedWindow, resolveWindow } from '../window.js';
import { weightGradient } from './conv-weight.js';

/**
 * Convolution is linear in its input and in its weights, so each of its derivatives is the adjoint of a linear map.
 * With stride s, dilation d and top-left padding p, and per axis,
 *
 *   y[n,o,i] = Σ_{c,k} w[o,c,k] · x[n,c, i·s + k·d - p].
 */
export const convolution: RuleTable = {
  Conv: rule((context) => {
    const { builder, inputs, cotangent: g, shapeOf } = context;
    const [x, w] = inputs;
    const window = windowOf(context, shapeOf(x));
    return [
      () => inputGradient(context, g, w, window, shapeOf(x)),
      () => weightGradient(builder, { value: x, shape: shapeOf(x) }, { value: g, shape: shapeOf(context.outputs[0]) }, window),
      // The bias is added at every position of its channel.
      () => builder.reduceSum(g, [0, 2, 3]),
    ];
  }),

  // The transposed convolution y = Aᵀx is the adjoint of the convolution A with the same weights and window, so
  // dx = A dy; and <g, Aᵀx> = <A g, x> makes its weight gradient that of A with input g and cotangent x.
  ConvTranspose: rule((context) => {
    const { builder, inputs, cotangent: g, shapeOf } = context;
    const [x, w] = inputs;
    const gShape = shapeOf(context.outputs[0]);
    const window = windowOf(context, gShape);
    return [
      () => builder.conv(g, w, window),
      () => weightGradient(builder, { value: g, shape: gShape }, { value: x, shape: shapeOf(x) }, window),
      () => builder.reduceSum(g, [0, 2, 3]),
    ];
  }),
};

function windowOf({ node, inputs, shapeOf }: RuleContext, imageShape: readonly number[]): ResolvedWindow {
  const weight = shapeOf(inputs[1]);
  if (weight.length !== 4) throw new UserError(`${describeNode(node)}: only convolutions over two spatial axes can be differentiated`);
  return resolveWindow(node, weight.slice(2), imageShape.slice(2));
}

/**
 * dx[n,c,j] = Σ_{o,k} w[o,c,k] · g[n,o,i] over all i with i·s + k·d - p = j: the transposed convolution of g.
 *
 * At stride 1 that is itself a convolution, of g with the kernel turned round and its channel axes swapped, padded by
 * d(k-1) - p; ONNX Runtime runs it far faster than a transposed one.
 */
function inputGradient(context: RuleContext, g: Value, w: Value, window: ResolvedWindow, shape: readonly number[]): Value {
  const { builder, shapeOf, outputs } = context;
  const { kernel, strides, dilations, pads } = window;
  const reach = kernel.map((size, axis) => dilations[axis] * (size - 1));
  const output = shapeOf(outputs[0]).slice(2);
  const turned = [0, 1].map((axis) => reach[axis] - pads[axis]);
  // What the window does not reach on the far side is padded, what it overshoots would be cropped.
  const far = [0, 1].map((axis) => shape[2 + axis] - (output[axis] + turned[axis] - reach[axis]));
  if (strides.every((stride) => stride === 1) && [...turned, ...far].every((pad) => pad >= 0)) {
    return builder.conv(g, turnKernel(context, w, window), { kernel, pads: [...turned, ...far], dilations, group: window.group });
  }
  const outputPadding = [0, 1].map((axis) => {
    const reached = (output[axis] - 1) * strides[axis] + reach[axis] + 1 - pads[axis] - pads[axis + 2];
    return shape[2 + axis] - reached;
  });
  return builder.convTranspose(g, w, { ...window, outputPadding });
}

/** [O, C/G, kh, kw] to [C, O/G, kh, kw], within each group, with both spatial axes reversed. */
function turnKernel({ builder, shapeOf, inputs }: RuleContext, w: Value, { kernel, group }: ResolvedWindow): Value {
  const [out, perGroup] = shapeOf(inputs[1]);
  const swapped =
    group === 1
      ? builder.transpose(w, [1, 0, 2, 3])
      : builder.reshape(builder.transpose(builder.reshape(w, [group, out / group, perGroup, ...kernel]), [0, 2, 1, 3, 4]), [
          group * perGroup,
          out / group,
          ...kernel,
        ]);
  if (kernel.every((size) => size === 1)) return swapped;
  // A step of -1 from the last element down to the first; the far end must lie below any index.
  return builder.slice(swapped, [-1, -1], [-(2 ** 31), -(2 ** 31)], [2, 3], [-1, -1]);
}
