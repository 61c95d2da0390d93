import { float32, sizeOf, type Tensor } from '../../core/tensor.js';
import type { Value } from '../../onnx/builder.js';
import { intAttribute, intsAttribute } from '../../onnx/graph.js';
import { refuse } from '../operands.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { type ResolvedWindow, resolveWindow } from '../window.js';

/** Derivatives of pooling over windows of [N, C, H, W]; g is the cotangent of the output y. */
export const pooling: RuleTable = {
  AveragePool: rule((context) => [() => averageGradient(context)]),
  MaxPool: rule((context) => [() => maximumGradient(context)]),
};

/** An average hands its cotangent to every element under the window, divided by how many were counted. */
function averageGradient(context: RuleContext): Value {
  const { builder, cotangent: g, outputs, shapeOf } = context;
  const window = windowOf(context);
  const [, , height, width] = shapeOf(outputs[0]);
  const counts = builder.constant(countsOf(context, window));
  const share = builder.reshape(builder.div(g, counts), [-1, 1, height, width]);
  return spread(context, share, window, float32([1, 1, ...window.kernel], new Array(sizeOf(window.kernel)).fill(1)));
}

/**
 * A maximum hands its cotangent to the first element, in row-major order, that equals it, as in PyTorch. The offsets
 * within the window are visited in that order: what is left of g is taken whole by the first offset that holds the
 * maximum, and nothing is left for the next. (MaxPool can name the positions itself, but not on WebGPU.)
 */
function maximumGradient(context: RuleContext): Value {
  const { builder, cotangent: g, outputs, shapeOf } = context;
  const window = windowOf(context);
  const [, , height, width] = shapeOf(outputs[0]);
  let left = g;
  const shares = offsetsOf(context, window).map((element, i, { length }) => {
    const taken = builder.mul(left, builder.cast(builder.equal(element, outputs[0]), 'float32'));
    if (i + 1 < length) left = builder.sub(left, taken);
    return builder.reshape(taken, [-1, 1, height, width]);
  });
  const size = shares.length;
  const identity = Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  return spread(context, builder.concat(shares, 1), window, float32([size, 1, ...window.kernel], identity));
}

function windowOf(context: RuleContext): ResolvedWindow {
  const { node, inputs, shapeOf } = context;
  const image = shapeOf(inputs[0]).slice(2);
  if (image.length !== 2) refuse(context, `${image.length} spatial axes`);
  return resolveWindow(node, intsAttribute(node, 'kernel_shape') as readonly number[], image);
}

/**
 * How many elements each window averages, [height, width]: those inside the image or, where padding counts, inside the
 * padded image, beyond which a window can reach in `ceil_mode`.
 */
function countsOf({ node, inputs, outputs, shapeOf }: RuleContext, { kernel, strides, dilations, pads }: ResolvedWindow): Tensor {
  const output = shapeOf(outputs[0]).slice(2);
  const padded = intAttribute(node, 'count_include_pad', 0) !== 0;
  const along = [0, 1].map((axis) => {
    const low = padded ? -pads[axis] : 0;
    const high = shapeOf(inputs[0])[2 + axis] + (padded ? pads[2 + axis] : 0);
    return Array.from({ length: output[axis] }, (_, position) => {
      const offsets = Array.from({ length: kernel[axis] }, (_, k) => position * strides[axis] + k * dilations[axis] - pads[axis]);
      return offsets.filter((index) => index >= low && index < high).length;
    });
  });
  return float32(
    output,
    along[0].flatMap((rows) => along[1].map((columns) => rows * columns)),
  );
}

/** For each offset within the window, in row-major order, the element that every window has there: [N, C, height, width]. */
function offsetsOf(
  { builder, inputs: [x], outputs: [y], shapeOf }: RuleContext,
  { kernel, strides, dilations, pads }: ResolvedWindow,
): Value[] {
  const image = shapeOf(x).slice(2);
  const output = shapeOf(y).slice(2);
  const extent = [0, 1].map((axis) => (output[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1);
  const behind = extent.map((size, axis) => Math.max(0, size - pads[axis] - image[axis]));
  // The lowest float32, so that no margin is ever a maximum.
  const padded = builder.pad(x, [0, 0, pads[0], pads[1], 0, 0, ...behind], -3.4028234663852886e38);
  return Array.from({ length: sizeOf(kernel) }, (_, i) => {
    const start = [Math.floor(i / kernel[1]) * dilations[0], (i % kernel[1]) * dilations[1]];
    const end = start.map((first, axis) => first + (output[axis] - 1) * strides[axis] + 1);
    return builder.slice(padded, start, end, [2, 3], strides);
  });
}

/**
 * Adds up, for every element of the image, what the windows over it hold for it: the transposed convolution of
 * [N C, channels, height, width] with `weight` [channels, 1, kh, kw], cut to [N, C, H, W].
 */
function spread({ builder, inputs: [x], outputs: [y], shapeOf }: RuleContext, value: Value, window: ResolvedWindow, weight: Tensor): Value {
  const { kernel, strides, dilations, pads } = window;
  const image = shapeOf(x).slice(2);
  const output = shapeOf(y).slice(2);
  const behind = [0, 1].map((axis) => {
    const reached = (output[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1;
    return reached - pads[axis] - image[axis];
  });
  const spreadOut = builder.convTranspose(value, builder.constant(weight), {
    kernel,
    strides,
    dilations,
    pads: [pads[0], pads[1], ...behind.map((amount) => Math.max(0, amount))],
    outputPadding: behind.map((amount) => Math.max(0, -amount)),
  });
  return builder.reshape(spreadOut, shapeOf(x));
}
