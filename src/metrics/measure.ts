import type { TriggeredTestSet } from '../attacks/triggered.js';
import { argmaxRows } from '../core/tensor.js';
import { type Dataset, sizeOfDataset } from '../data/dataset.js';
import type { PredictOptions, Predictor } from '../nn/predict.js';
import { share } from './share.js';

/** What a model is worth, and what a backdoor in it is. All are shares, 0..1. */
export interface Measurement {
  /** Clean accuracy: share of all clean test images that get their true label. */
  readonly acc: number;
  /** Attack success rate: share of the triggered test images that get the attacker's label. */
  readonly asr: number;
  /** Robust accuracy: share of the same triggered images that get their true label all the same; asr + ra <= 1. */
  readonly ra: number;
  /** How many images the shares are taken of: `acc` of the clean ones, `asr` and `ra` of the triggered ones. */
  readonly images: { readonly clean: number; readonly triggered: number };
}

/** A measurement with what it was taken from. */
export interface DetailedMeasurement extends Measurement {
  /** The test set with triggers, as it was classified. */
  readonly triggeredTest: TriggeredTestSet;
  /** Predicted labels: of the clean test set, and of the triggered one, image by image. */
  readonly predictions: { readonly clean: Int32Array; readonly triggered: Int32Array };
}

/**
 * Measures ACC, ASR and RA of a model.
 * @param triggeredTest the same test set with the backdoor's trigger, see {@link triggeredTestSet}.
 * @throws UserError as {@link Predictor.logits} does; Interrupted when the signal fires.
 */
export async function measure(
  predictor: Predictor,
  test: Dataset,
  triggeredTest: TriggeredTestSet,
  options: Omit<PredictOptions, 'phase'> = {},
): Promise<DetailedMeasurement> {
  const clean = await predict(predictor, test, { ...options, phase: 'predict clean' });
  const triggered = await predict(predictor, triggeredTest.dataset, { ...options, phase: 'predict triggered' });
  return {
    acc: share(clean, test.labels),
    asr: share(triggered, triggeredTest.dataset.labels),
    ra: share(triggered, triggeredTest.originals),
    images: { clean: sizeOfDataset(test), triggered: triggeredTest.indices.length },
    triggeredTest,
    predictions: { clean, triggered },
  };
}

/** Accuracy of a model on a data set, 0..1, for when there is no backdoor to look at. */
export async function accuracy(predictor: Predictor, dataset: Dataset, options: PredictOptions = {}): Promise<number> {
  return share(await predict(predictor, dataset, options), dataset.labels);
}

async function predict(predictor: Predictor, dataset: Dataset, options: PredictOptions): Promise<Int32Array> {
  return argmaxRows(await predictor.logits(dataset, options), dataset.classes.length);
}
