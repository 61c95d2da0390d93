import { GraphBuilder, type Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { convWeightGradient, type WeightGradientShape, weightGradientShape } from '../onnx/weight-gradient.js';
import type { Tensors } from './engine.js';
import { wave } from './wave.js';

/**
 * Ways of computing a convolution's weight gradient on the CPU. `winograd` also holds for the convolution and its input gradient, which
 * share transforms with it; `blocked` is a convolution on blocked channels (`nchwc/weight-gradient.ts`), and the last three are in
 * ONNX's own operators (`plain/weight-gradient.ts`).
 */
export const FORMS = ['winograd', 'blocked', 'shifts', 'exchange', 'taps'] as const;
export type Form = (typeof FORMS)[number];

/** The form that a weight gradient is to take; undefined leaves it to the rules that stand beside the forms. */
export type FormChoice = (shape: WeightGradientShape) => Form | undefined;

/** What one weight gradient is told from another by: the same text for the same sizes. */
export function formKey({ input, output, kernel, strides, dilations, pads, group }: WeightGradientShape): string {
  return [input, output, kernel, strides, dilations, pads, [group]].map((sizes) => sizes.join(',')).join(' ');
}

/** Shapes of the weight gradients of a graph and of the bodies of its loops, each once. */
export function gradientShapes({ nodes }: Graph): WeightGradientShape[] {
  const shapes = nodes.flatMap((node) => {
    const bodies = Object.values(node.attributes).flatMap((attribute) =>
      attribute.kind === 'graph' ? gradientShapes(attribute.value) : [],
    );
    const own = weightGradientShape(node);
    return own ? [own, ...bodies] : bodies;
  });
  return [...new Map(shapes.map((shape) => [formKey(shape), shape])).values()];
}

/** Forms that may serve, whichever is fastest. Where blocks do not fill, `blocked` comes to the same as a plain one. */
export function formsFor({ kernel, strides, dilations, group }: WeightGradientShape, hasBlocks: boolean): Form[] {
  if (group > 1) return ['taps'];
  const isUnit = (sizes: readonly number[]) => sizes.every((size) => size === 1);
  return FORMS.filter((form) => {
    if (form === 'winograd') return hasBlocks && Math.min(...kernel) >= 3 && isUnit(strides) && isUnit(dilations);
    if (form === 'blocked') return hasBlocks && isUnit(dilations);
    return form === 'taps' || (!isUnit(kernel) && (form === 'exchange' || isUnit(strides)));
  });
}

/** Images of fewer channels are pictures: nothing computes them, and no gradient goes back to them. */
const PICTURE_CHANNELS = 4;

/**
 * A convolution with both its gradients as they stand in a training step, for measuring: what the convolution reads is itself computed,
 * so that it comes in whatever layout the form has, and one cotangent serves both gradients.
 * @returns the graph, and values for its inputs `w`, `g` and, where the convolution reads a picture, `x`.
 */
export function trialOf(shape: WeightGradientShape): { readonly graph: Graph; readonly feeds: Tensors } {
  const { input, output, kernel, strides, dilations, pads, group } = shape;
  const weight = [output[1], input[1] / group, ...kernel];
  const builder = new GraphBuilder('trial');
  const window = { kernel, strides, dilations, pads, group };
  const [w, g] = [builder.input('w', 'float32', weight), builder.input('g', 'float32', output)];
  const feeds: Tensors = { w: wave(weight), g: wave(output) };
  let x: Value;
  if (input[1] < PICTURE_CHANNELS) {
    x = builder.input('x', 'float32', input);
    feeds.x = wave(input);
  } else {
    const reach = (axis: number) => (output[2 + axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1;
    const rest = [0, 1].map((axis) => input[2 + axis] - (reach(axis) - pads[axis] - pads[2 + axis]));
    x = builder.convTranspose(g, w, { ...window, outputPadding: rest });
  }
  builder.output(builder.reduceSum(builder.conv(x, w, window), [0, 2, 3]), 'y');
  builder.output(convWeightGradient(builder, x, g, shape), 'dw');
  return { graph: builder.build(), feeds };
}
