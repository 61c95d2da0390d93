import type { FmpOptions } from './options.js';

/** A learning rate is so many times the next: half a power of ten. */
const STEP = Math.sqrt(10);
/** A lower rate has to do better by so many standard errors: it unlearns less, and chance alone makes it better now and then. */
const BEYOND_CHANCE = 2;
/** Shares of copies that are tried after `unlearn` itself, where they are larger. */
const LARGER_SHARES = [0.5, 1];

/** Accuracy on unchanged images that more copies may cost, 0..1. */
const MOST_LOST = 0.02;

/** What fine-tuning is done with. */
export interface Tuning {
  readonly lr: number;
  /** Copies with the changes found, as a share of the clean images. */
  readonly unlearn: number;
}

/** What came of a fine-tuning that was tried, on images that were held out. */
export interface Judgement {
  /** Accuracy on them as they are and on as many with the changes found, 0..1; 0 where the training diverged. */
  readonly accuracy: number;
  /** Standard error of the accuracy. */
  readonly error: number;
  /** Accuracy on them as they are, 0..1; 0 where the training diverged. */
  readonly clean: number;
  /** Share of those of other classes that the first trigger still leads to its class, 0..1. */
  readonly success: number;
}

/** A fine-tuning that was tried. */
export interface Trial extends Tuning, Judgement {}

/** What was chosen, and all trials in their order; none where there was nothing to choose. */
export interface ChosenTuning extends Tuning {
  readonly trials: readonly Trial[];
}

/**
 * Chooses the learning rate of the fine-tuning and the share of copies to unlearn from. Starting from `lr`, the next lower rate is tried as
 * long as the accuracy rises, on clean and changed images alike, by more than chance explains, `lr_trials` rates in all. At the best of them
 * larger shares of copies are tried until the first trigger leads no more than `unlearn_success` of the images to its class. Copies cost
 * accuracy, so there are not more than it takes, nor so many that accuracy on the images as they are falls by more than two points.
 */
export async function searchTuning(
  judge: (tuning: Tuning) => Promise<Judgement>,
  { lr, lr_trials, unlearn, unlearn_success }: FmpOptions,
): Promise<ChosenTuning> {
  const trials: Trial[] = [];
  const attempt = async (tuning: Tuning): Promise<Trial> => {
    const trial = { ...tuning, ...(await judge(tuning)) };
    trials.push(trial);
    return trial;
  };
  let best = await attempt({ lr, unlearn });
  for (let number = 1; number < lr_trials; number++) {
    const next = await attempt({ lr: lr / STEP ** number, unlearn });
    if (next.accuracy <= best.accuracy + BEYOND_CHANCE * best.error && best.accuracy > 0) break;
    best = next;
  }
  const least = best.clean - MOST_LOST;
  for (const share of LARGER_SHARES.filter((larger) => larger > unlearn)) {
    if (best.success <= unlearn_success) break;
    const next = await attempt({ lr: best.lr, unlearn: share });
    if (next.accuracy === 0 || next.clean < least) break;
    best = next;
  }
  return { lr: best.lr, unlearn: best.unlearn, trials };
}

/** In words, what was tried and what came of it; nothing where nothing was. */
export function tellTrials({ lr, unlearn, trials }: ChosenTuning): string {
  if (trials.length === 0) return '';
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const figures = trials.map(
    (trial) =>
      `${trial.lr.toPrecision(2)} with ${trial.unlearn}: accuracy ${percent(trial.accuracy)}, without changes ${percent(trial.clean)}, change ` +
      `followed by ${percent(trial.success)}`,
  );
  return (
    ` The learning rate ${lr.toPrecision(2)} and the share of copies ${unlearn} were chosen on a fifth of the clean images, held out from trials, ` +
    `by the accuracy on them, plain and with the changes found, and by how many still followed the most suspicious change (${figures.join('; ')}).`
  );
}
