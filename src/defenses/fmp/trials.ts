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
import { type ChosenTuning, type Judgement, searchTuning, type Tuning } from './search-tuning.js';
import { withTriggeredCopies } from './unlearn.js';

/** Share of the clean images that trials are judged by. */
const HELD_OUT = 0.2;

/**
 * Tries fine-tunings out, see {@link searchTuning}. Networks without normalisation are ruined by a rate that does others good, and at one that is
 * too low nothing is unlearned. So the network is fine-tuned on four fifths of the clean images and their copies, and judged on the rest.
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
  const { lr, lr_trials, unlearn, epochs, hold_masks } = options;
  if (lr_trials === 1 || epochs === 0 || unlearn === 0 || triggers.length === 0 || smallestClass(clean) < 2) {
    return { lr, unlearn, trials: [] };
  }
  const random = context.random.fork('trials');
  const halves = split(clean, HELD_OUT, random.fork('held out'));
  const judge = await prepareJudge(halves, triggers, { ...context, random });
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
  return searchTuning(async (tuning) => {
    const tuned = await fineTune(tuning);
    return tuned ? judge(tuned) : { accuracy: 0, error: 0, clean: 0, success: 1 };
  }, options);
}

/** Makes the images that trials are judged by: those held out, as many with the changes found, and those with the first change alone. */
async function prepareJudge(
  { held }: Halves,
  triggers: readonly PseudoTrigger[],
  { engine, random, signal }: DefenseContext,
): Promise<(classifier: Classifier) => Promise<Judgement>> {
  const [{ target }] = triggers;
  const all = await withTriggeredCopies(engine, held, triggers, 1, random.fork('judge'));
  const first = await withTriggeredCopies(engine, held, triggers.slice(0, 1), 1, random.fork('judge first'));
  return async (classifier) => {
    const predictor = await Predictor.create(engine, classifier);
    const labelsOf = async (images: Dataset) => argmaxRows(await predictor.logits(images, { signal }), images.classes.length);
    try {
      const answers = await labelsOf(all);
      const right = [...answers].map((label, i) => label === all.labels[i]);
      const shareOf = (given: readonly boolean[]) => given.filter(Boolean).length / given.length;
      const led = (await labelsOf(first)).subarray(held.labels.length);
      const hits = led.filter((label) => label === target).length;
      const accuracy = shareOf(right);
      return {
        accuracy,
        error: Math.sqrt((accuracy * (1 - accuracy)) / answers.length),
        clean: shareOf(right.slice(0, held.labels.length)),
        success: hits / Math.max(led.length, 1),
      };
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
