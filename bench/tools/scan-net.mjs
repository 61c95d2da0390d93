// A PreActResNet18 to scan: trained briefly, so that its accuracies mean something, and kept under runs/bench/.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../dist/core/random.js';
import { batches } from '../../dist/data/batches.js';
import { subset } from '../../dist/data/dataset.js';
import { findDataSource } from '../../dist/data/node/registry.js';
import { loadModel, saveModel } from '../../dist/jobs/node/models.js';
import { preActResNet } from '../../dist/nn/preactresnet.js';
import { train } from '../../dist/train/loop.js';
import { sgd } from '../../dist/train/optimizers/sgd.js';
import { makeFolderOf } from './folder.mjs';

export const MEAN = 0.3;
export const STD = 0.3;
const SIDE = 32;

/** MNIST as 32 x 32 images of three channels: every clone has it, and training on it is short. */
export async function digits() {
  const { train } = await findDataSource('mnist').load();
  const inner = 28;
  const edge = (SIDE - inner) / 2;
  const count = train.labels.length;
  const images = new Uint8Array(count * 3 * SIDE * SIDE);
  for (let image = 0; image < count; image++) {
    for (let row = 0; row < inner; row++) {
      const from = train.images.subarray((image * inner + row) * inner, (image * inner + row + 1) * inner);
      for (let channel = 0; channel < 3; channel++) images.set(from, ((image * 3 + channel) * SIDE + row + edge) * SIDE + edge);
    }
  }
  return { ...train, imageShape: [3, SIDE, SIDE], images };
}

/** The network of a width, trained for so many steps at a learning rate that falls to zero. */
export async function scanNet(engine, folder, data, { width, steps, batchSize, rate }) {
  const file = join(folder, `preactresnet18-${width}-${steps}.onnx`);
  if (existsSync(file)) return loadModel(file);
  const net = preActResNet({ imageShape: data.imageShape, classes: 10, mean: [MEAN, MEAN, MEAN], std: [STD, STD, STD], width, seed: 1 });
  const part = subset(
    data,
    Int32Array.from({ length: steps * batchSize }, (_, i) => i),
    'for the benchmark',
  );
  const source = batches(part, { batchSize, random: new Random(1) });
  const { classifier, history } = await train(engine, net, source, {
    epochs: 1,
    optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
    schedule: ({ step }) => rate * (1 - step / steps),
  });
  console.log(
    `trained PreActResNet18 of width ${width} for ${steps} steps: accuracy over them ${(100 * history[0].accuracy).toFixed(1)} %`,
  );
  await makeFolderOf(file);
  await saveModel(file, classifier);
  return classifier;
}
