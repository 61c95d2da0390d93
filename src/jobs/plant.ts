import type { z } from 'zod';
import { type Attack, type AttackContext, type Poisoned, type Trigger, threats } from '../attacks/attack.js';
import { type Backdoor, type TriggeredTestSet, triggeredTestSet } from '../attacks/triggered.js';
import type { Control } from '../core/progress.js';
import { Random } from '../core/random.js';
import { batches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { DatasetParts } from '../data/source.js';
import { triggerVisibility } from '../metrics/visibility.js';
import type { Classifier } from '../nn/classifier.js';
import type { Result, Scores } from '../report/result.js';
import type { Engine } from '../runtime/engine.js';
import type { BatchSource } from '../train/batch.js';
import type { CheckpointStore } from '../train/checkpoint.js';
import { type EpochRecord, train } from '../train/loop.js';
import { evaluateModel } from './evaluate.js';
import { buildNetwork, type networkOptions, readNetworkOptions } from './network.js';
import { parseOptions } from './options.js';
import { type PreparationCache, prepareAttack } from './preparation.js';
import { augmentationOf, describeRun, recipeOf } from './recipe.js';
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
  /** A clean classifier for images like these, for attacks that start from one. */
  readonly cleanModel?: Classifier;
  /** Where to keep what the attack prepares; without it that is made anew. */
  readonly cache?: PreparationCache;
  /** Reads pictures that options name; without it such options are refused. */
  readonly readImage?: AttackContext['readImage'];
}

/** A model with a backdoor, and all that is known of it. */
export interface Planted {
  readonly model: Classifier;
  readonly poisoned: Poisoned;
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
  const { engine, data, attack, seed = 0, checkpoints, cache } = task;
  const own = parseOptions(attack.options, task.attackOptions ?? {}, attack.name);
  const network = readNetworkOptions(task.network ?? {}, 'the network');
  const training = parseOptions(trainingOptions, task.training ?? {}, 'training');
  const random = new Random(seed);
  const context = { engine, random: random.fork('attack'), readImage: task.readImage, ...control };

  // Before the long part, as a network may not fit the images.
  const fresh = buildNetwork(data.train, network, seed);
  const started = performance.now();
  const prepared = await prepareAttack(attack as unknown as Attack, data.train, own, { ...context, model: task.cleanModel, cache, seed });
  const poisoned = await attack.poison(data.train, own, { ...context, prepared: prepared?.tensors });
  const { labelMap } = poisoned;
  const triggeredBy = (trigger: Trigger) => triggeredTestSet(data.test, { trigger, labelMap }, engine);
  // Before the long part, as this is where a trigger or target that does not fit the test images comes to light.
  const known = poisoned.trigger && (await triggeredBy(poisoned.trigger));
  const batchOptions = { batchSize: training.batch_size, random: random.fork('batches'), augment: augmentationOf(training) };
  const source = poisoned.kind === 'data' ? batches(poisoned.train, batchOptions) : poisoned.batches(batchOptions);
  const trainOptions = {
    ...recipeOf(training, source.batchesPerEpoch),
    checkpoints,
    run: describeRun(data.train, { attack: attack.name, options: own, prepared: prepared?.key, network, training, seed }),
    ...control,
  };
  const ready = performance.now();
  const trained =
    poisoned.kind === 'data'
      ? { ...(await train(engine, fresh, source, trainOptions)), trigger: poisoned.trigger }
      : await poisoned.train(engine, fresh, source, trainOptions);
  const { classifier: model, history, trigger } = trained;
  const triggered = known ?? (await triggeredBy(trigger));
  const done = performance.now();
  const scores = await evaluateModel({ engine, model, test: data.test, backdoor: triggered }, control);
  const spent = { prepare: ready - started, train: done - ready, measure: performance.now() - done };
  const seconds = Object.fromEntries(Object.entries(spent).map(([phase, milliseconds]) => [phase, milliseconds / 1000]));
  const record = {
    method: attack.name,
    title: attack.title,
    threat: `The attacker ${threats[attack.threat]}.`,
    options: { ...own, ...network, ...training },
    rule: `Trained from scratch on the poisoned images, epoch by epoch, with no look at test images; the network is ${model.name}.`,
    trigger: { ...trigger.description },
    labelMap,
    poisoned: countPoisoned(poisoned, source),
    ...(keepsLabels(poisoned, data.train) && { cleanLabel: true }),
    visibility: triggerVisibility(data.test, triggered),
  };
  return { model, poisoned, backdoor: { trigger, labelMap }, triggered, scores, history, seconds, record };
}

/** Number of poisoned training images; where every batch is poisoned anew, in each epoch. */
function countPoisoned(poisoned: Poisoned, { batchSize, batchesPerEpoch }: BatchSource): number {
  return poisoned.kind === 'data' ? poisoned.indices.length : Math.round(poisoned.perBatch(batchSize).poisoned * batchesPerEpoch);
}

/** Whether the poisoned images kept their labels, all of them. */
function keepsLabels(poisoned: Poisoned, { labels }: Dataset): boolean {
  return poisoned.kind === 'data' && poisoned.indices.every((index) => poisoned.train.labels[index] === labels[index]);
}
