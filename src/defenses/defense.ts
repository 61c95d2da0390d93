import type { z } from 'zod';
import type { Method } from '../core/method.js';
import type { Control } from '../core/progress.js';
import type { Random } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import type { Classifier } from '../nn/classifier.js';
import type { Engine } from '../runtime/engine.js';
import type { EpochRecord } from '../train/loop.js';

/**
 * What a defender has: the model, and a few clean, correctly labelled images. There is deliberately no way to reach
 * test images, the trigger, or poisoned training data from here.
 */
export interface DefenseTask {
  readonly model: Classifier;
  readonly clean: Dataset;
}

/** Keeps bytes under names for the time that a defence runs, also when it is killed and started anew. */
export interface DefenseStore {
  /** @param name of small letters, digits and hyphens. */
  load(name: string): Promise<Uint8Array | undefined>;
  /** Replaces what was there whole or not at all. */
  save(name: string, bytes: Uint8Array): Promise<void>;
}

/** What a defence needs from its surroundings. */
export interface DefenseContext extends Control {
  readonly engine: Engine;
  readonly random: Random;
  /** Test images, only for a method that imitates published code which lets them in, see {@link Defense.wantsTestImages}. */
  readonly test?: Dataset;
  /** Where long work may keep what it has finished; without it nothing is kept. */
  readonly store?: DefenseStore;
}

/** One feature map as a defence saw it. */
export interface FeatureMap {
  /** Channel of the convolution's output, from 0. */
  readonly channel: number;
  /** Share of the scan images that the whole network still classifies correctly when this map is disturbed, 0..1, if that was looked at. */
  readonly accuracy?: number;
  /** Mean cross-entropy on the same images. */
  readonly loss?: number;
  /** Images that it was seen on, where a race dropped it before it had seen all: then the accuracy is a forecast for all. */
  readonly images?: number;
  /** What maps are ranked by within their layer; the highest are pruned. */
  readonly suspicion: number;
  /** Chance of so low an accuracy in a map like the median of its layer, corrected for the number of maps, 0..1, if that was asked. */
  readonly chance?: number;
  readonly pruned: boolean;
}

/** What a defence did, and why. */
export interface Repair {
  readonly model: Classifier;
  /** Pruned channels by convolution name, ascending; empty where nothing was pruned. */
  readonly pruned: Readonly<Record<string, readonly number[]>>;
  /** Every feature map by convolution name, in forward order, for defences that look at them. */
  readonly maps?: Readonly<Record<string, readonly FeatureMap[]>>;
  /** Fine-tuning, epoch by epoch, where there was any. */
  readonly history: readonly EpochRecord[];
  /** In plain words: by what rule each choice was made, and on which data. */
  readonly rule: string;
  /** Seconds by phase, in order: `{ scan: 12.1, 'fine-tune': 20.3 }`. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** A defence: finds and removes a backdoor with the model and a few clean images. */
export interface Defense<Schema extends z.ZodObject = z.ZodObject> extends Method<Schema> {
  /** Whether these options ask for the faults of published code that reads test images; the result is then worth a comparison only. */
  wantsTestImages?(options: z.infer<Schema>): boolean;
  repair(task: DefenseTask, options: z.infer<Schema>, context: DefenseContext): Promise<Repair>;
}
