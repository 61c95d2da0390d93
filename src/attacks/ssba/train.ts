import { checkInterrupted, UserError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { float32, floats, sizeOf } from '../../core/tensor.js';
import { batches } from '../../data/batches.js';
import { type Dataset, sizeOfDataset, subset } from '../../data/dataset.js';
import { learnedParameters } from '../../nn/parameters.js';
import { unitPixels } from '../../nn/pixels.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Engine, Tensors } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { ObjectiveStep } from '../../train/objective.js';
import { adam } from '../../train/optimizers/adam.js';
import type { AttackContext } from '../attack.js';
import { decode, encode } from './networks.js';

export interface EncoderTraining {
  /** Length of the secret. */
  readonly bits: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly rate: number;
  /** Weight of the difference between images with and without the secret, at its height. */
  readonly weight: number;
  /** Steps after the secret was first read well until that weight begins to grow, and steps until it is at its height. */
  readonly delay: number;
  readonly ramp: number;
}

/** What came of the training, on images that it did not see. */
export interface EncoderQuality {
  /** Share of the bits that the decoder reads rightly, 0..1. */
  readonly accuracy: number;
  /** Peak signal-to-noise ratio of the images with the secret, decibels, of the mean squared error. */
  readonly psnr: number;
}

/** Share of the bits from which on the images begin to count. */
const READ_WELL = 0.9;
/** Share of the images that judge the result, and how many at most. */
const HELD_OUT = 0.1;
const MOST_HELD_OUT = 200;

/**
 * Trains an encoder that hides a secret in an image, and the decoder that reads it: Adam on w MSE(image with secret, image) + binary
 * cross-entropy of the bits, with a secret drawn anew for every image. w is 0 until the decoder first reads 90 % of a batch's
 * bits; then it grows to its height.
 * @returns the encoder's parameters.
 * @throws UserError when there are too few images for one batch, or the training diverges.
 */
export async function trainEncoder(
  train: Dataset,
  training: EncoderTraining,
  { engine, random, progress, signal }: AttackContext,
): Promise<{ parameters: Tensors; quality: EncoderQuality }> {
  const { bits, epochs, batchSize, rate } = training;
  const order = random.fork('held out').permutation(sizeOfDataset(train));
  const held = Math.min(MOST_HELD_OUT, Math.max(1, Math.floor(HELD_OUT * order.length)));
  const source = batches(subset(train, order.subarray(held), `${train.split}, less ${held}`), {
    batchSize,
    random: random.fork('batches'),
  });
  const step = await compileStep(engine, train.imageShape, training, random);
  const total = epochs * source.batchesPerEpoch;
  try {
    let since = -1;
    for (let epoch = 0; epoch < epochs; epoch++) {
      let number = 0;
      for (const { images } of source.epoch(epoch)) {
        checkInterrupted(signal, `in epoch ${epoch + 1} of ${epochs} of the encoder; run it again to start over`);
        const secrets = drawBits(batchSize * bits, random.fork('secrets', step.steps));
        const weight = float32([], [imageWeight(since, training)]);
        const feeds = { images, secrets: float32([batchSize, bits], secrets), weight };
        const outputs = await step.run(feeds, rate);
        const [loss, accuracy] = [floats(outputs.loss)[0], floats(outputs.accuracy)[0]];
        if (!Number.isFinite(loss))
          throw new UserError(`the training of the encoder diverged in epoch ${epoch + 1}; choose a lower encoder_lr`);
        if (since >= 0 || accuracy > READ_WELL) since++;
        number++;
        if (number % 5 === 0 || number === source.batchesPerEpoch) {
          const figures = { epoch: epoch + 1, loss, bits: accuracy };
          progress?.({ phase: 'encoder', done: epoch * source.batchesPerEpoch + number, total, unit: 'step', figures });
        }
      }
    }
    const trained = await step.parameters();
    const judged = subset(train, order.subarray(0, held), 'held out');
    const quality = await judge(engine, judged, trained, bits, random.fork('judge'));
    return { parameters: Object.fromEntries(Object.entries(trained).filter(([name]) => name.startsWith('encoder.'))), quality };
  } finally {
    await step.release();
  }
}

/** Weight of the images `since` steps after the secret was first read well; negative before that. */
export function imageWeight(since: number, { weight, delay, ramp }: EncoderTraining): number {
  return since < 0 ? 0 : weight * Math.min(1, Math.max(0, (since - delay) / ramp));
}

/** Bits as numbers. */
export function drawBits(count: number, random: Random): Float32Array {
  return Float32Array.from({ length: count }, () => random.below(2));
}

async function compileStep(engine: Engine, imageShape: Dataset['imageShape'], { bits, batchSize }: EncoderTraining, random: Random) {
  const builder = new GraphBuilder('ssba');
  const images = builder.input('images', 'float32', [batchSize, ...imageShape]);
  const secrets = builder.input('secrets', 'float32', [batchSize, bits]);
  const weight = builder.input('weight', 'float32', []);
  const stego = encode(builder, images, secrets, imageShape, bits, random.fork('encoder'));
  const logits = decode(builder, stego, imageShape, bits, random.fork('decoder'));
  const error = builder.sub(stego, images);
  const distance = builder.reduceMean(builder.mul(error, error));
  // -log of the probability of a bit b at the logit l is log(1 + e^-|l|) + max(l, 0) - l b.
  const rest = builder.log(builder.add(builder.scalar(1), builder.exp(builder.neg(builder.abs(logits)))));
  const entropy = builder.reduceMean(builder.add(rest, builder.sub(builder.relu(logits), builder.mul(logits, secrets))));
  builder.output(builder.add(builder.mul(weight, distance), entropy), 'loss');
  const read = builder.cast(builder.greater(logits, builder.scalar(0)), 'float32');
  builder.output(builder.reduceMean(builder.cast(builder.equal(read, secrets), 'float32')), 'accuracy');
  const graph = await traceShapes(engine, builder.build());
  const optimizer = adam();
  const learned = learnedParameters(graph).map((name) => ({ name, optimizer }));
  return ObjectiveStep.compile(engine, { graph, loss: 'loss', outputs: ['loss', 'accuracy'], learned, statistics: [] });
}

async function judge(engine: Engine, held: Dataset, trained: Tensors, bits: number, random: Random): Promise<EncoderQuality> {
  const count = sizeOfDataset(held);
  const builder = new GraphBuilder('ssba:judge');
  const images = builder.input('images', 'float32', [count, ...held.imageShape]);
  const secrets = builder.input('secrets', 'float32', [count, bits]);
  const stego = encode(builder, images, secrets, held.imageShape, bits, random);
  builder.output(decode(builder, stego, held.imageShape, bits, random), 'logits');
  builder.output(stego, 'stego');
  const graph = builder.build();
  const program = await engine.compile({ ...graph, initializers: new Map([...graph.initializers, ...Object.entries(trained)]) });
  try {
    const hidden = drawBits(count * bits, random);
    const pixels = unitPixels(held.images, held.imageShape);
    const outputs = await program.run({ images: pixels, secrets: float32([count, bits], hidden) });
    const right = floats(outputs.logits).filter((logit, i) => logit > 0 === hidden[i] > 0).length;
    const squares = floats(outputs.stego).reduce((sum, value, i) => sum + (value - pixels.data[i]) ** 2, 0);
    return { accuracy: right / hidden.length, psnr: 10 * Math.log10((count * sizeOf(held.imageShape)) / squares) };
  } finally {
    await program.release();
  }
}
