import { Random } from '../../core/random.js';
import { float32 } from '../../core/tensor.js';
import type { Dataset } from '../../data/dataset.js';
import { channelStatistics } from '../../data/statistics.js';
import { GraphBuilder, type Value } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import type { Tensors } from '../../runtime/engine.js';
import type { ImageShape } from '../stored.js';
import { generate, threshold } from './networks.js';

/** Names under which the parameters of the two networks stand, and what their input is normalised with. */
export const PATTERN = 'pattern';
export const MASK = 'mask';
export const STATISTICS = 'statistics';

/** Mean and standard deviation of each channel, [C, 1, 1]. */
export function normalisation(train: Dataset): Tensors {
  const { mean, std } = channelStatistics(train);
  const perChannel = (values: number[]) => float32([values.length, 1, 1], values);
  return { [`${STATISTICS}.mean`]: perChannel(mean), [`${STATISTICS}.std`]: perChannel(std) };
}

/** A builder that holds the constants of the normalisation. */
export function startGraph(name: string, statistics: Tensors): GraphBuilder {
  const builder = new GraphBuilder(name);
  for (const [parameter, value] of Object.entries(statistics)) builder.parameter(parameter, value);
  return builder;
}

/** Pixels in [0, 1], or patterns, less the mean and over the standard deviation. */
export function normalise(builder: GraphBuilder, pixels: Value): Value {
  return builder.div(builder.sub(pixels, `${STATISTICS}.mean`), `${STATISTICS}.std`);
}

/** Patterns for images, pixels in [0, 1]. @param normalised images. */
export function patternsFor(builder: GraphBuilder, normalised: Value, imageShape: ImageShape, random: Random): Value {
  return generate(builder, PATTERN, normalised, imageShape, imageShape[0], random);
}

/** Masks for images, nearly 0 or 1, [N, 1, H, W]. @param normalised images. */
export function masksFor(builder: GraphBuilder, normalised: Value, imageShape: ImageShape, random: Random): Value {
  return threshold(builder, generate(builder, MASK, normalised, imageShape, 1, random));
}

/** The pattern where the mask is 1, else the image: x + (p - x) m. */
export function blend(builder: GraphBuilder, images: Value, patterns: Value, masks: Value): Value {
  return builder.add(images, builder.mul(builder.sub(patterns, images), masks));
}

/** Keeps the slope of the root finite where two things are the same. */
const TINY = 1e-12;

/**
 * How much less two outputs differ than the images that they were made for, on average: mean of rms(x₁ - x₂) / (rms(y₁ - y₂) + 1e-7).
 * Small where different images get different outputs.
 */
export function sameness(builder: GraphBuilder, images: readonly [Value, Value], outputs: readonly [Value, Value]): Value {
  const distance = ([a, b]: readonly [Value, Value]) => {
    const difference = builder.sub(a, b);
    const squares = builder.reduceMean(builder.mul(difference, difference), [1, 2, 3]);
    return builder.sqrt(builder.add(squares, builder.scalar(TINY)));
  };
  return builder.reduceMean(builder.div(distance(images), builder.add(distance(outputs), builder.scalar(1e-7))));
}

/** Images to images with the trigger; parameters are to be replaced by those of a trigger. */
export function triggerGraph(imageShape: ImageShape): Graph {
  const ones = float32([imageShape[0], 1, 1], new Array(imageShape[0]).fill(1));
  const builder = startGraph('input-aware:trigger', { [`${STATISTICS}.mean`]: ones, [`${STATISTICS}.std`]: ones });
  const images = builder.input('images', 'float32', ['N', ...imageShape]);
  const normalised = normalise(builder, images);
  const patterns = patternsFor(builder, normalised, imageShape, new Random(0));
  const masks = masksFor(builder, normalised, imageShape, new Random(0));
  builder.output(blend(builder, images, patterns, masks), 'triggered');
  return builder.build();
}
