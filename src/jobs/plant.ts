import type { z } from 'zod';
import type { Attack } from '../attacks/attack.js';
import { type Backdoor, type TriggeredTestSet, triggeredTestSet } from '../attacks/triggered.js';
import type { Control } from '../core/progress.js';
import { Random } from '../core/random.js';
import { batches } from '../data/batches.js';
import { type Dataset, sizeOfDataset } from '../data/dataset.js';
import type { DatasetParts } from '../data/source.js';
import type { Classifier } from '../nn/classifier.js';
import type { Result, Scores } from '../report/result.js';
import type { Engine } from '../runtime/engine.js';
import type { CheckpointStore } from '../train/checkpoint.js';
import { type EpochRecord, train } from '../train/loop.js';
import { evaluateModel } from './evaluate.js';
import { buildNetwork, networkOptions } from './network.js';
import { parseOptions } from './options.js';
import { augmentationOf, optimizerOf, scheduleOf } from './recipe.js';
import { trainingOptions } from './training-options.js';

/** What an attacker needs. */
export interface PlantTask<Schema extends z.ZodObject = z.ZodObject> {
  readonly engine: Engine;
  /** The attack poisons the training part; the test part is for measuring only. */
  readonly data: DatasetParts;
  readonly attack: Attack<Schema>;
  /** Default: the attack's own defaults. */
  readonly attackOptions?: z.input<Schema>;
  /** Default: PreActResNet18, normalised as the training images are. */
  readonly network?: z.input<typeof networkOptions>;
  /** Default: BackdoorBench's. */
  readonly training?: z.input<typeof trainingOptions>;
  /** Any integer; default 0. */
  readonly seed?: number;
  /** Where to keep a checkpoint after each epoch, and to look for one to go on from. */
  readonly checkpoints?: CheckpointStore;
}

/** A model with a backdoor, and all that is known of it. */
export interface Planted {
  readonly model: Classifier;
  readonly backdoor: Backdoor;
  /** The test set with the trigger on it, on which ASR and RA were measured. */
  readonly triggered: TriggeredTestSet;
  readonly scores: Scores;
  readonly history: readonly EpochRecord[];
  /** Seconds by phase, in order; training that went on from a checkpoint counts from there. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The attack as `result.json` records it. */
  readonly record: NonNullable<Result['attack']>;
}

/**
 * Poisons the training images, trains a network on them, and measures the backdoor on the test images.
 * Same data, options, seed and device: same model, bit for bit, also when it was interrupted and went on from a checkpoint.
 * @throws UserError when options or data do not fit, and when training diverges; Interrupted when the signal fires.
 */
export async function plantBackdoor<Schema extends z.ZodObject>(task: PlantTask<Schema>, control: Control = {}): Promise<Planted> {
  const { engine, data, attack, seed = 0, checkpoints } = task;
  const own = parseOptions(attack.options, task.attackOptions ?? {}, attack.name);
  const network = parseOptions(networkOptions, task.network ?? {}, 'the network');
  const training = parseOptions(trainingOptions, task.training ?? {}, 'training');
  const random = new Random(seed);

  const poisoned = await attack.poison(data.train, own, random.fork('attack'));
  const { trigger, labelMap } = poisoned;
  // Before the long part, as this is where a trigger or target that does not fit the test images comes to light.
  const triggered = triggeredTestSet(data.test, { trigger, labelMap });
  const source = batches(poisoned.train, {
    batchSize: training.batch_size,
    random: random.fork('batches'),
    augment: augmentationOf(training),
  });
  const started = performance.now();
  const { classifier: model, history } = await train(engine, buildNetwork(data.train, network, seed), source, {
    epochs: training.epochs,
    optimizer: optimizerOf(training),
    schedule: scheduleOf(training, source.batchesPerEpoch),
    checkpoints,
    run: describeRun(data.train, { attack: attack.name, options: own, network, training, seed }),
    ...control,
  });
  const trained = performance.now();
  const scores = await evaluateModel({ engine, model, test: data.test, backdoor: triggered }, control);
  const seconds = { train: (trained - started) / 1000, measure: (performance.now() - trained) / 1000 };
  const record = {
    method: attack.name,
    title: attack.title,
    options: { ...own, ...network, ...training },
    rule: `Trained from scratch on the poisoned images, epoch by epoch, with no look at test images; the network is ${model.name}.`,
    trigger: { ...trigger.description },
    labelMap,
    poisoned: poisoned.indices.length,
  };
  return { model, backdoor: { trigger, labelMap }, triggered, scores, history, seconds, record };
}

/** Everything that decides what training comes to, so that no other run goes on from its checkpoint. */
function describeRun(data: Dataset, settings: object): string {
  const { name, split, checksums } = data;
  return JSON.stringify({ data: { name, split, images: sizeOfDataset(data), checksums }, ...settings });
}
