import { checkInterrupted } from '../../../core/errors.js';
import type { Control } from '../../../core/progress.js';
import { floats, type Tensor } from '../../../core/tensor.js';
import { type Classifier, portsOf } from '../../../nn/classifier.js';
import { embed } from '../../../nn/embed.js';
import { type ConvLayer, countMaps } from '../../../nn/feature-maps.js';
import { GraphBuilder } from '../../../onnx/builder.js';
import type { Engine } from '../../../runtime/engine.js';
import { LayerPush, type PushBudget } from './push.js';

export interface PushedOptions extends PushBudget, Control {
  /** Rows (images times maps) that go through the network at once. */
  readonly rows: number;
}

/**
 * What the network makes of images when one feature map is pushed up by a change that all of them share: for each map, the mean
 * probability of each class, over the images that are not of that class.
 * @param images pixels [B, C, H, W]; `labels` their true labels.
 * @returns by layer name, [channels · K] row by row.
 */
export async function pushedProbabilities(
  engine: Engine,
  classifier: Classifier,
  layers: readonly ConvLayer[],
  images: Tensor<'float32'>,
  labels: ArrayLike<number>,
  { rows, progress, signal, ...budget }: PushedOptions,
): Promise<Record<string, Float32Array>> {
  const { classes, imageShape } = classifier;
  const [count] = images.dims;
  const most = Math.max(1, Math.floor(rows / count));
  const builder = new GraphBuilder('pushed');
  builder.avoid(classifier.graph);
  const clean = builder.input('images', 'float32', [1, count, ...imageShape]);
  const change = builder.input('change', 'float32', ['G', 1, ...imageShape]);
  embed(builder, classifier.graph, builder.reshape(builder.clip(builder.add(clean, change), 0, 1), [-1, ...imageShape]));
  builder.output(builder.softmax(builder.reshape(portsOf(classifier).output, [-1, count, classes]), 2), 'probabilities');
  const judge = await engine.compile(builder.build());
  const total = countMaps(layers);
  const result: Record<string, Float32Array> = {};
  let done = 0;
  try {
    for (const layer of layers) {
      const group = Math.min(most, layer.channels);
      const push = await LayerPush.compile(engine, classifier, layer, images, group, budget);
      result[layer.name] = new Float32Array(layer.channels * classes);
      try {
        for (let first = 0; first < layer.channels; first += group) {
          checkInterrupted(signal, `while pushing maps of ${layer.name}`);
          const channels = Array.from({ length: Math.min(group, layer.channels - first) }, (_, i) => first + i);
          const outputs = await judge.run({ images: { ...images, dims: [1, ...images.dims] }, change: await push.run(channels) });
          const probabilities = floats(outputs.probabilities);
          channels.forEach((channel, map) => {
            const own = probabilities.subarray(map * count * classes, (map + 1) * count * classes);
            result[layer.name].set(meanOfOthers(own, labels, classes), channel * classes);
          });
          done += channels.length;
          progress?.({ phase: 'push maps', done, total, unit: 'map' });
        }
      } finally {
        await push.release();
      }
    }
    return result;
  } finally {
    await judge.release();
  }
}

/** Column means of [B, K] over the rows whose label is another than the column. */
function meanOfOthers(probabilities: Float32Array, labels: ArrayLike<number>, classes: number): Float32Array {
  const sums = new Float32Array(classes);
  const counts = new Float32Array(classes);
  for (let row = 0; row < labels.length; row++) {
    for (let label = 0; label < classes; label++) {
      if (label === labels[row]) continue;
      sums[label] += probabilities[row * classes + label];
      counts[label]++;
    }
  }
  return sums.map((sum, label) => (counts[label] > 0 ? sum / counts[label] : 0));
}
