import { floats, type Tensor } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { embed } from '../../nn/embed.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import { type Engine, runOnce } from '../../runtime/engine.js';

/** Keeps maps that never change from dividing by zero. */
const SMALLEST_DEVIATION = 1e-6;

/**
 * How strongly each feature map responds to a change of the input: the mean over images of the largest change at any
 * position, in standard deviations of the map over clean images and positions.
 * @param clean pixels [B, C, H, W]; `changed` the same images with the change.
 * @returns one number a channel, from 0, by layer name.
 */
export async function responses(
  engine: Engine,
  classifier: Classifier,
  layers: readonly ConvLayer[],
  clean: Tensor<'float32'>,
  changed: Tensor<'float32'>,
): Promise<Record<string, Float32Array>> {
  const builder = new GraphBuilder('responses');
  const [images] = clean.dims;
  const both = builder.concat([builder.input('clean', 'float32', clean.dims), builder.input('changed', 'float32', clean.dims)], 0);
  embed(
    builder,
    ancestorsOf(
      classifier.graph,
      layers.map(({ output }) => output),
    ),
    both,
  );
  for (const { name, output } of layers) {
    const before = builder.slice(output, [0], [images], [0]);
    const change = builder.abs(builder.sub(builder.slice(output, [images], [2 * images], [0]), before));
    const largest = builder.reduceMean(builder.reduceMax(change, [2, 3]), [0]);
    const mean = builder.reduceMean(before, [0, 2, 3], true);
    const centred = builder.sub(before, mean);
    const deviation = builder.sqrt(builder.reduceMean(builder.mul(centred, centred), [0, 2, 3]));
    builder.output(builder.div(largest, builder.add(deviation, builder.scalar(SMALLEST_DEVIATION))), `response:${name}`);
  }
  const result = await runOnce(engine, builder.build(), { clean, changed });
  return Object.fromEntries(layers.map(({ name }) => [name, floats(result[`response:${name}`])]));
}
