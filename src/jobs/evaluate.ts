import { type Backdoor, type TriggeredTestSet, triggeredTestSet } from '../attacks/triggered.js';
import type { Control } from '../core/progress.js';
import { type Dataset, sizeOfDataset } from '../data/dataset.js';
import { accuracy, measure } from '../metrics/measure.js';
import type { Classifier } from '../nn/classifier.js';
import { Predictor } from '../nn/predict.js';
import type { Scores } from '../report/result.js';
import type { Engine } from '../runtime/engine.js';

export interface EvaluateTask {
  readonly engine: Engine;
  readonly model: Classifier;
  readonly test: Dataset;
  /** The backdoor to look for; a triggered test set serves as well, and is not made again for each of several models. */
  readonly backdoor?: Backdoor | TriggeredTestSet;
}

/**
 * Measures a model on test images: ACC, and where a backdoor is given ASR and RA too, all as shares 0..1.
 * @throws UserError when model, images and backdoor do not fit each other; Interrupted when the signal fires.
 */
export async function evaluateModel({ engine, model, test, backdoor }: EvaluateTask, control: Control = {}): Promise<Scores> {
  const triggered = backdoor && 'trigger' in backdoor ? await triggeredTestSet(test, backdoor, engine) : backdoor;
  const predictor = await Predictor.create(engine, model);
  try {
    if (!triggered) {
      return { acc: await accuracy(predictor, test, { ...control, phase: 'predict clean' }), images: { clean: sizeOfDataset(test) } };
    }
    const { acc, asr, ra, images } = await measure(predictor, test, triggered, control);
    return { acc, asr, ra, images };
  } finally {
    await predictor.release();
  }
}
