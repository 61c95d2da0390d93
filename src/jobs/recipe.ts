import { type Augmentation, compose, horizontalFlip, randomCrop, randomRotation } from '../data/augment.js';
import { type Dataset, sizeOfDataset } from '../data/dataset.js';
import type { TrainOptions } from '../train/loop.js';
import { adam } from '../train/optimizers/adam.js';
import type { Optimizer } from '../train/optimizers/optimizer.js';
import { sgd } from '../train/optimizers/sgd.js';
import { constantRate, cosine, multiStep, oneCycle, type Schedule, stepwise } from '../train/schedules.js';
import type { TrainingOptions } from './training-options.js';

/** The optimiser that the options ask for. */
export function optimizerOf({ client_optimizer, wd, sgd_momentum, sgd_nesterov }: TrainingOptions): Optimizer {
  if (client_optimizer === 'adam') return adam({ weightDecay: wd });
  // Without momentum there is nothing to look ahead along.
  return sgd({ momentum: sgd_momentum, nesterov: sgd_nesterov && sgd_momentum > 0, weightDecay: wd });
}

/**
 * The learning-rate schedule that the options ask for.
 * @param stepsPerEpoch from 1; one-cycle changes the rate at every step.
 */
export function scheduleOf(options: TrainingOptions, stepsPerEpoch: number): Schedule {
  const { lr: rate, epochs, steplr_stepsize, steplr_gamma: gamma, steplr_milestones: milestones } = options;
  switch (options.lr_scheduler) {
    case 'CosineAnnealingLR':
      return cosine({ rate, epochs });
    case 'StepLR':
      return stepwise({ rate, size: steplr_stepsize, gamma });
    case 'MultiStepLR':
      return multiStep({ rate, milestones, gamma });
    case 'OneCycleLR':
      return oneCycle({
        peak: rate,
        steps: epochs * stepsPerEpoch,
        rise: options.onecycle_rise,
        startDivisor: options.onecycle_start_divisor,
      });
    case 'ConstantLR':
      return constantRate(rate);
  }
}

/** What is done to training images at random; undefined where nothing is. */
export function augmentationOf({ crop_padding, random_rotation, horizontal_flip }: TrainingOptions): Augmentation | undefined {
  const steps: Augmentation[] = [];
  if (crop_padding > 0) steps.push(randomCrop(crop_padding));
  if (random_rotation > 0) steps.push(randomRotation(random_rotation));
  if (horizontal_flip) steps.push(horizontalFlip());
  return steps.length > 0 ? compose(...steps) : undefined;
}

/** Length, optimiser and schedule that the options ask for. */
export function recipeOf(options: TrainingOptions, stepsPerEpoch: number): Pick<TrainOptions, 'epochs' | 'optimizer' | 'schedule'> {
  return { epochs: options.epochs, optimizer: optimizerOf(options), schedule: scheduleOf(options, stepsPerEpoch) };
}

/** Everything that decides what training comes to, so that no other run goes on from its checkpoint. */
export function describeRun(data: Dataset, settings: object): string {
  const { name, split, checksums } = data;
  return JSON.stringify({ data: { name, split, images: sizeOfDataset(data), checksums }, ...settings });
}
