import type { z } from 'zod';
import type { Method } from '../core/method.js';
import type { Control } from '../core/progress.js';
import type { Random } from '../core/random.js';
import type { BatchOptions } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { RgbImage } from '../data/rgb-image.js';
import type { Classifier } from '../nn/classifier.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import type { BatchSource } from '../train/batch.js';
import type { Trained, TrainOptions } from '../train/loop.js';

/** What an attacker has power over. */
export type Threat = 'data' | 'data-and-network' | 'training';

/** Each threat in words that go on after `the attacker`. */
export const threats: Readonly<Record<Threat, string>> = {
  data: 'supplies a share of the training images and nothing else',
  'data-and-network': 'supplies a share of the training images and nothing else, but makes them with a network of their own',
  training: 'controls the whole training',
};

/** How labels change under an attack. */
export type LabelMap =
  | { readonly kind: 'all-to-one'; readonly target: number }
  /** Label y becomes (y + shift) mod K. */
  | { readonly kind: 'all-to-all'; readonly shift: number };

/** What is put on an image to wake the backdoor. */
export interface Trigger {
  /**
   * Applies the trigger to images of 8-bit pixels [N, C, H, W] and returns new ones. Same images: same result.
   * @param engine computes the networks of triggers that take one.
   * @throws UserError when the images are of another size than the trigger was made for.
   */
  apply(images: Uint8Array, engine: Engine): Promise<Uint8Array>;
  /** Everything that is needed to make it again, but for `tensors`, as JSON; `kind` names the attack that reads it. */
  readonly description: Readonly<Record<string, unknown>> & { readonly kind: string };
  /** Parameters of the networks that make it, for triggers that take some. */
  readonly tensors?: Tensors;
}

/** A backdoor that was planted in a data set; how a network is trained on it is somebody else's business. */
export interface PoisonedData {
  readonly kind: 'data';
  /** The training set, some of its images triggered and relabelled. */
  readonly train: Dataset;
  /** Positions of the poisoned images, ascending. */
  readonly indices: Int32Array;
  /** Positions of images that were changed but keep their labels, ascending, where the attack has such. */
  readonly cross?: Int32Array;
  readonly trigger: Trigger;
  readonly labelMap: LabelMap;
}

/** A backdoor that is planted while a network is trained, in every batch anew. */
export interface PoisonedTraining {
  readonly kind: 'training';
  readonly labelMap: LabelMap;
  /** The trigger where it is known beforehand. */
  readonly trigger?: Trigger;
  /** How many images of a batch are poisoned, and how many are changed but keep their labels. May be fractions: on average. */
  perBatch(batchSize: number): { readonly poisoned: number; readonly cross: number };
  /** Training batches, poisoned as far as that can be done outside the network. */
  batches(options: Omit<BatchOptions, 'edit'>): BatchSource;
  /** Trains the classifier on such batches, and with it what the trigger may need. */
  train(
    engine: Engine,
    classifier: Classifier,
    source: BatchSource,
    options: TrainOptions,
  ): Promise<Trained & { readonly trigger: Trigger }>;
}

export type Poisoned = PoisonedData | PoisonedTraining;

/** What an attack needs from its surroundings. */
export interface AttackContext extends Control {
  readonly engine: Engine;
  readonly random: Random;
  /** What {@link Preparation.prepare} made, for an attack that has one. */
  readonly prepared?: Tensors;
  /**
   * Reads a picture that an option names.
   * @throws UserError when there is no such file, or it holds no picture.
   */
  readonly readImage?: (path: string) => Promise<RgbImage>;
}

/** What is made once and serves any number of runs of an attack: a pattern, a network. It can be kept in a cache. */
export interface Preparation<Options> {
  /** Names of the options that it depends on. */
  readonly options: readonly (keyof Options & string)[];
  /** Whether it starts from a clean classifier for images like those that are attacked. */
  readonly needsModel: boolean;
  /**
   * Same data, options, model, generator and device: same bytes. What does not fit is refused here, before the long part.
   */
  prepare(train: Dataset, options: Options, context: Omit<AttackContext, 'prepared'> & { readonly model?: Classifier }): Promise<Tensors>;
}

/** An attack: plants a backdoor. */
export interface Attack<Schema extends z.ZodObject = z.ZodObject, Outcome extends Poisoned = Poisoned> extends Method<Schema> {
  readonly threat: Threat;
  readonly preparation?: Preparation<z.infer<Schema>>;
  /** Poisons a copy of the training set, or the training. Same data, options, context and device: same bytes. */
  poison(train: Dataset, options: z.infer<Schema>, context: AttackContext): Promise<Outcome>;
  /**
   * Makes a trigger of this attack again from its description, which may come from a file that anyone wrote.
   * @param tensors {@link Trigger.tensors}, of a trigger that has some.
   * @throws UserError when they do not describe such a trigger.
   */
  restoreTrigger(description: unknown, tensors?: Tensors): Trigger;
}
