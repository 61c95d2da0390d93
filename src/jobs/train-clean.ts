import type { z } from 'zod';
import type { Control } from '../core/progress.js';
import { Random } from '../core/random.js';
import { batches } from '../data/batches.js';
import type { DatasetParts } from '../data/source.js';
import type { Classifier } from '../nn/classifier.js';
import type { Result, Scores } from '../report/result.js';
import type { Engine } from '../runtime/engine.js';
import type { CheckpointStore } from '../train/checkpoint.js';
import { type EpochRecord, train } from '../train/loop.js';
import { evaluateModel } from './evaluate.js';
import { buildNetwork, type networkOptions, readNetworkOptions } from './network.js';
import { parseOptions } from './options.js';
import { augmentationOf, describeRun, recipeOf } from './recipe.js';
import { trainingOptions } from './training-options.js';

export interface TrainTask {
  readonly engine: Engine;
  /** The test part is for measuring only. */
  readonly data: DatasetParts;
  /** Default: PreActResNet18, normalised as the training images are. */
  readonly network?: z.input<typeof networkOptions>;
  /** Default: BackdoorBench's. */
  readonly training?: z.input<typeof trainingOptions>;
  /** Any integer; default 0. */
  readonly seed?: number;
  /** Where to keep a checkpoint after each epoch, and to look for one to go on from. */
  readonly checkpoints?: CheckpointStore;
}

/** A clean model, and how it came about. */
export interface TrainedClean {
  readonly model: Classifier;
  readonly scores: Scores;
  readonly history: readonly EpochRecord[];
  /** The training as `result.json` records it. */
  readonly record: NonNullable<Result['training']>;
}

/**
 * Trains a network on clean images and measures it: the model that some attacks start from, and to compare others with.
 * Same data, options, seed and device: same model, bit for bit, also when it was interrupted and went on from a checkpoint.
 * @throws UserError when options or data do not fit, and when training diverges; Interrupted when the signal fires.
 */
export async function trainClean(task: TrainTask, control: Control = {}): Promise<TrainedClean> {
  const { engine, data, seed = 0, checkpoints } = task;
  const network = readNetworkOptions(task.network ?? {}, 'the network');
  const training = parseOptions(trainingOptions, task.training ?? {}, 'training');
  const random = new Random(seed).fork('batches');
  const source = batches(data.train, { batchSize: training.batch_size, random, augment: augmentationOf(training) });
  const run = describeRun(data.train, { network, training, seed });
  const recipe = { ...recipeOf(training, source.batchesPerEpoch), checkpoints, run, ...control };
  const { classifier: model, history } = await train(engine, buildNetwork(data.train, network, seed), source, recipe);
  const scores = await evaluateModel({ engine, model, test: data.test }, control);
  const rule = `Trained from scratch, epoch by epoch, with no look at test images; the network is ${model.name}.`;
  return { model, scores, history, record: { method: 'train', title: 'Training', options: { ...network, ...training }, rule } };
}
