import { Random } from '../core/random.js';
import { float32, sizeOf } from '../core/tensor.js';
import type { Classifier } from '../nn/classifier.js';
import { preActResNet } from '../nn/preactresnet.js';
import type { Batch, BatchSource } from '../train/batch.js';

/** Class probabilities that are certain. */
export function oneHot(labels: readonly number[], classes: number): Batch['targets'] {
  const targets = float32([labels.length, classes], new Float32Array(labels.length * classes));
  labels.forEach((label, row) => {
    targets.data[row * classes + label] = 1;
  });
  return targets;
}

/** Noise with a bright row for each class, so that there is something to learn. What an epoch holds depends on its number only. */
export function madeUpBatches(
  { classes, imageShape }: Pick<Classifier, 'classes' | 'imageShape'>,
  { batchSize, batchesPerEpoch, seed = 0 }: { batchSize: number; batchesPerEpoch: number; seed?: number },
): BatchSource {
  const [, height, width] = imageShape;
  const pixels = sizeOf(imageShape);
  const batch = (random: Random): Batch => {
    const labels = Array.from({ length: batchSize }, () => random.below(classes));
    const data = Float32Array.from({ length: batchSize * pixels }, (_, i) => {
      const row = Math.floor((i % (height * width)) / width);
      return row === labels[Math.floor(i / pixels)] ? random.between(0.7, 1) : random.between(0, 0.5);
    });
    return { images: float32([batchSize, ...imageShape], data), targets: oneHot(labels, classes) };
  };
  return {
    batchSize,
    batchesPerEpoch,
    *epoch(number) {
      for (let i = 0; i < batchesPerEpoch; i++) yield batch(new Random(seed).fork('epoch', number, i));
    },
  };
}

/** A network that trains in an instant. */
export function tinyNetwork(seed = 0): Classifier {
  return preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.3], std: [0.3], width: 4, depths: [1, 1], seed });
}
