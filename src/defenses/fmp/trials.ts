import { Diverged } from '../../core/errors.js';
import { argmaxRows } from '../../core/tensor.js';
import type { Dataset } from '../../data/dataset.js';
import { type Halves, split } from '../../data/sample.js';
import type { Classifier } from '../../nn/classifier.js';
import { Predictor } from '../../nn/predict.js';
import type { DefenseContext } from '../defense.js';
import { prepareFineTune } from '../fine-tune.js';
import type { PseudoTrigger } from '../inversion/pseudo-trigger.js';
import type { Pruned } from '../prune.js';
import type { FmpOptions } from './options.js';
import { withTriggeredCopies } from './unlearn.js';

/** Share of the clean images that trials are judged by. */
const HELD_OUT = 0.2;
/** A learning rate is so many times the next: half a power of ten. */
const STEP = Math.sqrt(10);
/** A lower rate has to do better by so many standard errors: it unlearns less, and chance alone makes it better now and then. */
const BEYOND_CHANCE = 2;
/** Shares of copies that are tried after `unlearn` itself, where they are larger. */
const LARGER_SHARES = [0.5, 1];

/** What fine-tuning is done with. */
export interface Tuning {
  readonly lr: number;
  /** Copies with the changes found, as a share of the clean images. */
  readonly unlearn: number;
}

/** A fine-tuning that was tried. */
export interface Trial extends Tuning {
  /** Accuracy on the images that were held out, and on as many with the changes found, 0..1; 0 where the training diverged. */
  readonly accuracy: number;
  /** Standard error of the accuracy. */
  readonly error: number;
  /** Share of the held-out images of other classes that the first trigger still leads to its class, 0..1. */
  readonly success: number;
}

/** What was chosen, and all trials in their order; none where there was nothing to choose. */
export interface ChosenTuning extends Tuning {
  readonly trials: readonly Trial[];
}

/**
 * Chooses the learning rate of the fine-tuning and the share of copies to unlearn from. Networks without normalisation are ruined by a rate
 * that does others good, and at one that is too low nothing is unlearned. So the network is fine-tuned on four fifths of the clean images
 * and their copies, and judged on the rest. Starting from `lr`, the next lower rate is tried as long as the accuracy rises, on clean and
 * changed images alike, by more than chance explains, `lr_trials` rates in all. At the best of them larger shares of copies are tried until the
 * first trigger leads no more than `unlearn_success` of the images to its class, or training diverges: copies cost accuracy, so there are not
 * more than it takes.
 * @param triggers the most suspicious first.
 * @returns the options themselves where nothing is to be unlearned, `lr_trials` is 1, or a class has a single image.
 */
export async function tryTunings(
  { classifier, masks }: Pruned,
  clean: Dataset,
  triggers: readonly PseudoTrigger[],
  options: FmpOptions,
  context: DefenseContext,
): Promise<ChosenTuning> {
  const { lr, lr_trials, unlearn, unlearn_success, epochs, hold_masks } = options;
  if (lr_trials === 1 || epochs === 0 || unlearn === 0 || triggers.length === 0 || smallestClass(clean) < 2) {
    return { lr, unlearn, trials: [] };
  }
  const random = context.random.fork('trials');
  const halves = split(clean, HELD_OUT, random.fork('held out'));
  const judge = await prepareJudge(halves, triggers, { ...context, random });
  const trials: Trial[] = [];
  const attempt = async (tuning: Tuning): Promise<Trial> => {
    const tuned = await fineTune(tuning);
    const trial = { ...tuning, ...(tuned ? await judge(tuned) : { accuracy: 0, error: 0, success: 1 }) };
    trials.push(trial);
    return trial;
  };
  const fineTune = async (tuning: Tuning): Promise<Classifier | undefined> => {
    const taught = await withTriggeredCopies(context.engine, halves.rest, triggers, tuning.unlearn, random.fork('unlearn'));
    const given = { ...withTuning(options, tuning), batch_size: Math.min(options.batch_size, taught.labels.length) };
    const phase = `try lr ${tuning.lr.toPrecision(2)}, unlearn ${tuning.unlearn}`;
    const tune = prepareFineTune(taught, given, { ...context, random }, { augmented: halves.rest.labels.length, phase });
    try {
      return (await tune(classifier, hold_masks ? masks : undefined)).classifier;
    } catch (error) {
      if (error instanceof Diverged) return undefined;
      throw error;
    }
  };
  let best = await attempt({ lr, unlearn });
  for (let number = 1; number < lr_trials; number++) {
    const next = await attempt({ lr: lr / STEP ** number, unlearn });
    if (next.accuracy <= best.accuracy + BEYOND_CHANCE * best.error && best.accuracy > 0) break;
    best = next;
  }
  for (const share of LARGER_SHARES.filter((larger) => larger > unlearn)) {
    if (best.success <= unlearn_success) break;
    const next = await attempt({ lr: best.lr, unlearn: share });
    if (next.accuracy === 0) break;
    best = next;
  }
  return { lr: best.lr, unlearn: best.unlearn, trials };
}

/** Makes the images that trials are judged by: those held out, as many with the changes found, and those with the first change alone. */
async function prepareJudge(
  { held }: Halves,
  triggers: readonly PseudoTrigger[],
  { engine, random, signal }: DefenseContext,
): Promise<(classifier: Classifier) => Promise<Omit<Trial, keyof Tuning>>> {
  const [{ target }] = triggers;
  const all = await withTriggeredCopies(engine, held, triggers, 1, random.fork('judge'));
  const first = await withTriggeredCopies(engine, held, triggers.slice(0, 1), 1, random.fork('judge first'));
  return async (classifier) => {
    const predictor = await Predictor.create(engine, classifier);
    const labelsOf = async (images: Dataset) => argmaxRows(await predictor.logits(images, { signal }), images.classes.length);
    try {
      const answers = await labelsOf(all);
      const right = answers.filter((label, i) => label === all.labels[i]).length;
      const led = (await labelsOf(first)).subarray(held.labels.length);
      const hits = led.filter((label) => label === target).length;
      const accuracy = right / answers.length;
      return { accuracy, error: Math.sqrt((accuracy * (1 - accuracy)) / answers.length), success: hits / Math.max(led.length, 1) };
    } finally {
      await predictor.release();
    }
  };
}

function smallestClass({ labels, classes }: Dataset): number {
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels) counts[label]++;
  return Math.min(...counts.filter((count) => count > 0));
}

/** Options with another tuning; the learning rate takes the same course from another start. */
export function withTuning(options: FmpOptions, { lr, unlearn }: Tuning): FmpOptions {
  return { ...options, lr, unlearn, lr_min: options.lr_min * (lr / options.lr) };
}

/** In words, what was tried and what came of it; nothing where nothing was. */
export function tellTrials({ lr, unlearn, trials }: ChosenTuning): string {
  if (trials.length === 0) return '';
  const figures = trials.map(
    (trial) =>
      `${trial.lr.toPrecision(2)} with ${trial.unlearn}: accuracy ${(100 * trial.accuracy).toFixed(1)} %, change followed by ` +
      `${(100 * trial.success).toFixed(1)} %`,
  );
  return (
    ` The learning rate ${lr.toPrecision(2)} and the share of copies ${unlearn} were chosen on a fifth of the clean images, held out from trials, ` +
    `by the accuracy on them, plain and with the changes found, and by how many still followed the most suspicious change (${figures.join('; ')}).`
  );
}
