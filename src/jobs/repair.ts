import type { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { Control } from '../core/progress.js';
import { Random } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import type { Defense, DefenseStore, Repair } from '../defenses/defense.js';
import type { Classifier } from '../nn/classifier.js';
import { checkDifferentiable } from '../nn/import/differentiable.js';
import type { Result } from '../report/result.js';
import type { Engine } from '../runtime/engine.js';
import { parseOptions } from './options.js';

/** What a defender has. */
export interface RepairTask<Schema extends z.ZodObject = z.ZodObject> {
  readonly engine: Engine;
  readonly model: Classifier;
  /** Clean, correctly labelled images, such as {@link drawClean} draws. */
  readonly clean: Dataset;
  readonly defense: Defense<Schema>;
  /** Default: the defence's own defaults. */
  readonly options?: z.input<Schema>;
  /** Any integer; default 0. */
  readonly seed?: number;
  /** Test images; they reach the defence only if its options imitate published code that lets them in. */
  readonly test?: Dataset;
  /** Where the defence may keep what it has finished of long work. */
  readonly store?: DefenseStore;
}

/** What a defence did, and how `result.json` records it. */
export interface Repaired extends Repair {
  /** Method, options, rule and feature maps. */
  readonly record: NonNullable<Result['defense']>;
}

/**
 * Repairs a model with a few clean images. Nothing else is given to the defence: no trigger, and no test image but to imitate
 * published code that lets them in, which its options have to ask for.
 * Same model, images, options, seed and device: same repaired model, bit for bit.
 * @throws UserError when options, images and model do not fit each other; Interrupted when the signal fires.
 */
export async function repairModel<Schema extends z.ZodObject>(task: RepairTask<Schema>, control: Control = {}): Promise<Repaired> {
  const { engine, model, clean, defense, test, store, seed = 0 } = task;
  const options = parseOptions(defense.options, task.options ?? {}, defense.name);
  checkFit(model, clean);
  // What was built here can be differentiated; what comes from elsewhere has to show it before the work begins.
  if (model.origin) await checkDifferentiable(engine, model);
  const random = new Random(seed).fork('repair', defense.name);
  const leak = defense.wantsTestImages?.(options) ? { test } : {};
  const repair = await defense.repair({ model, clean }, options, { engine, random, store, ...leak, ...control });
  const { rule, maps } = repair;
  return { ...repair, record: { method: defense.name, title: defense.title, options, rule, ...(maps && { maps }) } };
}

/**
 * Makes sure that a model and images are for each other.
 * @throws UserError when their image shapes or numbers of classes differ.
 */
export function checkFit(model: Classifier, { name, imageShape, classes }: Dataset): void {
  const remedy = 'use the data set that the model was trained on';
  if (model.classes !== classes.length) {
    throw new UserError(`model '${model.name}' has ${model.classes} classes, but ${name} has ${classes.length}; ${remedy}`);
  }
  if (model.imageShape.join() !== imageShape.join()) {
    const [takes, given] = [model.imageShape, imageShape].map((shape) => shape.join(' x '));
    throw new UserError(`model '${model.name}' takes images of ${takes}, but those of ${name} are ${given}; ${remedy}`);
  }
}
