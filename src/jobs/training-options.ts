import { z } from 'zod';

/** How a network is trained. Names are BackdoorBench's where it has one, and so are the defaults. */
export const trainingOptions = z.object({
  epochs: z.int().min(1).default(100).describe('passes over the training images, from 1'),
  lr: z.number().gt(0).default(0.01).describe('learning rate, above 0; the highest one of OneCycleLR, else the first'),
  wd: z.number().min(0).default(5e-4).describe('weight decay: L2 penalty on every parameter, from 0'),
  batch_size: z.int().min(1).default(128).describe('images per step, from 1'),
  client_optimizer: z.enum(['sgd', 'adam']).default('sgd').describe('optimiser'),
  sgd_momentum: z.number().min(0).lt(1).default(0.9).describe('momentum of sgd, 0 up to below 1'),
  sgd_nesterov: z.boolean().default(false).describe("sgd looks ahead along its momentum (Nesterov's correction)"),
  lr_scheduler: z
    .enum(['CosineAnnealingLR', 'StepLR', 'MultiStepLR', 'OneCycleLR', 'ConstantLR'])
    .default('CosineAnnealingLR')
    .describe('how the learning rate changes: half a cosine to 0, in steps, at milestones, up and down within the run, not at all'),
  steplr_stepsize: z.int().min(1).default(50).describe('epochs between two steps of StepLR, from 1'),
  steplr_gamma: z.number().gt(0).max(1).default(0.1).describe('factor of each step of StepLR and MultiStepLR, above 0 up to 1'),
  steplr_milestones: z.array(z.int().min(1)).default([100, 200]).describe('epochs at which MultiStepLR takes its steps, each from 1'),
  onecycle_rise: z.number().gt(0).lt(1).default(0.3).describe('share of the steps during which OneCycleLR rises, between 0 and 1'),
  onecycle_start_divisor: z.number().gte(1).default(25).describe('OneCycleLR begins at lr divided by this, from 1'),
  crop_padding: z.int().min(0).default(4).describe('augmentation: images are shifted at random by up to so many pixels, 0 for not at all'),
  random_rotation: z
    .number()
    .min(0)
    .max(180)
    .default(0)
    .describe('augmentation: images are turned at random by up to so many degrees, 0 for not at all'),
  horizontal_flip: z.boolean().default(false).describe('augmentation: every other image is mirrored left to right'),
});

/** See {@link trainingOptions} for units and ranges. */
export type TrainingOptions = z.infer<typeof trainingOptions>;
