import { z } from 'zod';
import { compose, horizontalFlip, randomCrop } from '../data/augment.js';
import { batches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { Classifier } from '../nn/classifier.js';
import { type Trained, train } from '../train/loop.js';
import { sgd } from '../train/optimizers/sgd.js';
import { cosine } from '../train/schedules.js';
import type { CompileStep, Masks } from '../train/step.js';
import type { DefenseContext } from './defense.js';

/** How a defence trains on the clean images. Names are BackdoorBench's where it has one. */
export const fineTuneOptions = {
  epochs: z.int().min(0).default(10).describe('passes over the clean images, from 0'),
  lr: z.number().gt(0).default(0.01).describe('first learning rate; it falls along half a cosine'),
  lr_min: z.number().min(0).default(1e-4).describe('last learning rate, from 0'),
  batch_size: z.int().min(2).default(128).describe('images per step, from 2'),
  sgd_momentum: z.number().min(0).lt(1).default(0.9).describe('momentum, 0 up to below 1'),
  wd: z.number().min(0).default(0).describe('weight decay: L2 penalty on every parameter, from 0'),
  crop_padding: z.int().min(0).default(0).describe('augmentation: images are shifted at random by up to so many pixels, from 0'),
  horizontal_flip: z.boolean().default(false).describe('augmentation: every other image is mirrored left to right'),
};

const schema = z.object(fineTuneOptions);

/** See {@link fineTuneOptions} for units and ranges. */
export type FineTuneOptions = z.infer<typeof schema>;

/** What is not a user's choice. */
export interface FineTuneSpecials {
  /** What each step is; default: down the cross-entropy. */
  readonly compileStep?: CompileStep;
  /** Only so many images, the first, are augmented; default all. A shift or a mirror would take a trigger from where it belongs. */
  readonly augmented?: number;
  /** What progress events call the work; default `fine-tune`. */
  readonly phase?: string;
}

/** Trains a model on the clean images; parameters with a mask are held at zero where the mask is zero. */
export type FineTune = (classifier: Classifier, masks?: Masks) => Promise<Trained>;

/**
 * Makes ready to train on clean images: SGD on the cross-entropy, learning rate along half a cosine. A defence calls it before
 * its long work, as this is where images that do not fill a batch come to light.
 * @throws UserError when the clean images do not fill one batch.
 */
export function prepareFineTune(
  clean: Dataset,
  options: FineTuneOptions,
  { engine, random, progress, signal }: DefenseContext,
  { compileStep, augmented, phase = 'fine-tune' }: FineTuneSpecials = {},
): FineTune {
  const { epochs, lr, lr_min, batch_size, sgd_momentum, wd, crop_padding, horizontal_flip } = options;
  if (epochs === 0) return async (classifier) => ({ classifier, history: [] });
  const augment = compose(...(crop_padding > 0 ? [randomCrop(crop_padding)] : []), ...(horizontal_flip ? [horizontalFlip()] : []));
  const source = batches(clean, { batchSize: batch_size, random: random.fork('fine-tune'), augment, augmented });
  return (classifier, masks) =>
    train(engine, classifier, source, {
      epochs,
      optimizer: sgd({ momentum: sgd_momentum, weightDecay: wd }),
      schedule: cosine({ rate: lr, epochs, minimum: lr_min }),
      masks,
      compileStep,
      phase,
      progress,
      signal,
    });
}
