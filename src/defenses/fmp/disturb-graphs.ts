import { pullBack } from '../../autodiff/gradient.js';
import { COTANGENT, type StackedPullBack } from '../../autodiff/stacked.js';
import { embed } from '../../nn/embed.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import { GraphBuilder, type Value } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import { inverseOrder } from '../../runtime/winograd/layout.js';

/** How far inputs may be disturbed; all in pixels of [0, 1]. */
export interface Budget {
  /** Largest change of a pixel. */
  readonly eps: number;
  /** Change of a pixel in one step. */
  readonly stepSize: number;
  readonly steps: number;
}

/** How many maps and images go through at once. */
export interface Stack {
  /** Maps, G. */
  readonly group: number;
  /** Images of each, B. */
  readonly images: number;
}

/** Shapes without the batch axis: of an image [C, H, W], and of the layer's features [C', h, w]. */
export interface Shapes {
  readonly image: readonly number[];
  readonly map: readonly number[];
}

/** The order in which a value of a shape is kept between runs, as the permutation of a Transpose; undefined for its own. */
export type Order = (dims: readonly number[]) => readonly number[] | undefined;

/** Held input of the forward computation, features that are taken off; and its output, what is left of the layer's features. */
export const [BEFORE, DIFFERENCE] = ['kept:before', 'kept:difference'];

/**
 * The forward computation, which all maps of a layer share: from images [B, ...] to the {@link DIFFERENCE} of the layer's features from those
 * {@link BEFORE} and to the values that the gradient needs besides, in the order in which they are kept.
 * @param graph with the images as its input; its first output is the layer's features.
 */
export function forwardGraph(graph: Graph, dims: ReadonlyMap<Value, readonly number[]>, order: Order): Graph {
  const builder = new GraphBuilder(graph.name, graph);
  graph.outputs.forEach(({ name }, index) => {
    const shape = dims.get(name) as readonly number[];
    const permutation = order(shape);
    const value = index === 0 ? builder.sub(name, keptInput(builder, BEFORE, shape, order)) : name;
    builder.output(permutation ? builder.transpose(value, permutation) : value, index === 0 ? DIFFERENCE : keptName(name));
  });
  return builder.build();
}

/** Name of the input, and of the forward computation's output, for a value that is kept. */
export function keptName(name: string): string {
  return `kept:${name}`;
}

/**
 * The first step, which begins at the same point for every map, so that only the linear part of the gradient is left. Inputs are
 * `channels` [G, 1, C', 1, 1], one-hot; and, held, `clean` and `perturbation` [1, B, ...], {@link DIFFERENCE} = f(x') - f(x), and the
 * residuals as kept. The output is `next`, [G, B, ...].
 */
export function firstStepGraph(
  { linear, residuals }: StackedPullBack,
  layer: ConvLayer,
  { image, map }: Shapes,
  { group, images }: Stack,
  budget: Budget,
  order: Order,
): Graph {
  const builder = new GraphBuilder(`disturb:${layer.name}`);
  builder.avoid(linear);
  const clean = builder.input('clean', 'float32', [1, images, ...image]);
  const perturbation = builder.input('perturbation', 'float32', [1, images, ...image]);
  const channels = builder.input('channels', 'float32', [group, 1, layer.channels, 1, 1]);
  const difference = builder.reshape(keptInput(builder, DIFFERENCE, [images, ...map], order), [1, images, ...map]);
  const given: Record<string, Value> = {
    [COTANGENT]: builder.reshape(builder.mul(difference, channels), [group * images, ...map]),
  };
  for (const [name, dims] of residuals) given[name] = keptInput(builder, keptName(name), dims, order);
  for (const { name } of linear.inputs) {
    builder.append({ name: '', opType: 'Identity', domain: '', inputs: [given[name]], outputs: [name], attributes: {} });
  }
  builder.include({ ...linear, inputs: [] });
  addStep(builder, { clean, perturbation, gradient: linear.outputs[0].name }, [group, images, ...image], budget);
  return builder.build();
}

/**
 * A step from a point of each map's own, so that each goes through the network itself. Inputs are `channels` as above, `perturbation`
 * [G, B, ...], and, held, `clean` [1, B, ...] and {@link BEFORE} = f(x); the output is `next`, [G, B, ...].
 * @param below the network up to the layer, traced for G · B images.
 */
export function ownStepGraph(
  below: Graph,
  layer: ConvLayer,
  { image, map }: Shapes,
  { group, images }: Stack,
  budget: Budget,
  order: Order,
): Graph {
  const builder = new GraphBuilder(`disturb:${layer.name}`);
  builder.avoid(below);
  const clean = builder.input('clean', 'float32', [1, images, ...image]);
  const features = builder.reshape(keptInput(builder, BEFORE, [images, ...map], order), [1, images, ...map]);
  const channels = builder.input('channels', 'float32', [group, 1, layer.channels, 1, 1]);
  const perturbation = builder.input('perturbation', 'float32', [group, images, ...image]);
  const disturbed = builder.add(clean, perturbation);
  embed(builder, below, builder.reshape(disturbed, [group * images, ...image]));
  const difference = builder.sub(builder.reshape(layer.output, [group, images, ...map]), features);
  const cotangent = builder.reshape(builder.mul(difference, channels), [group * images, ...map]);
  const [gradient] = pullBack(builder, below, [[layer.output, cotangent]], [below.inputs[0].name]);
  addStep(builder, { clean, perturbation, gradient }, [group, images, ...image], budget);
  return builder.build();
}

/** A held input, brought back into its own order. */
function keptInput(builder: GraphBuilder, name: string, dims: readonly number[], order: Order): Value {
  const permutation = order(dims);
  if (!permutation) return builder.input(name, 'float32', dims);
  const kept = permutation.map((axis) => dims[axis]);
  return builder.transpose(builder.input(name, 'float32', kept), inverseOrder(permutation));
}

/** Moves along the sign of the gradient, back to within eps of the clean image, and into [0, 1]. */
function addStep(
  builder: GraphBuilder,
  { clean, perturbation, gradient }: { clean: Value; perturbation: Value; gradient: Value },
  dims: readonly number[],
  { eps, stepSize }: Budget,
): void {
  const direction = builder.sign(builder.reshape(gradient, dims));
  const moved = builder.clip(builder.add(perturbation, builder.mul(direction, builder.scalar(stepSize))), -eps, eps);
  builder.output(builder.sub(builder.clip(builder.add(clean, moved), 0, 1), clean), 'next');
}
