import { type Backdoor, type TriggeredTestSet, triggeredTestSet } from '../attacks/triggered.js';
import type { Control } from '../core/progress.js';
import { Random } from '../core/random.js';
import { type Dataset, imageAt, subset } from '../data/dataset.js';
import { encodePng } from '../data/picture.js';
import type { Classifier } from '../nn/classifier.js';
import { Predictor } from '../nn/predict.js';
import type { Pictures, Prediction } from '../report/pictures.js';
import type { Engine } from '../runtime/engine.js';

export interface PicturesTask {
  readonly engine: Engine;
  readonly test: Dataset;
  readonly backdoor: Backdoor | TriggeredTestSet;
  /** Models whose predictions stand under the samples. */
  readonly models: Readonly<Partial<Record<'before' | 'ft' | 'after', Classifier>>>;
  /** Number of samples; default 10. Fewer where there are not so many. */
  readonly count?: number;
  /** Any integer; default 0. */
  readonly seed?: number;
}

/**
 * Pictures for the report: the trigger, and test images without and with it, each with what every model says of it. The
 * images are drawn at random, class by class in turn, and never by what came out.
 *
 * Images that are neither grey nor red-green-blue cannot be drawn; then there are no pictures.
 */
export async function takePictures(task: PicturesTask, control: Control = {}): Promise<Pictures> {
  const { engine, test, models, count = 10, seed = 0 } = task;
  if (![1, 3].includes(test.imageShape[0])) return {};
  const triggered = 'trigger' in task.backdoor ? await triggeredTestSet(test, task.backdoor, engine) : task.backdoor;
  const drawn = drawInTurn(triggered.originals, count, new Random(seed).fork('pictures'));
  const before = subset(
    test,
    drawn.map((position) => triggered.indices[position]),
    'samples',
  );
  const after = subset(triggered.dataset, drawn, 'samples, triggered');
  const predictions = await predictAll(engine, models, [before, after], control);
  const samples = drawn.map(async (_, i) => ({
    label: before.labels[i],
    clean: await png(before, imageAt(before, i)),
    triggered: await png(after, imageAt(after, i)),
    predictions: Object.fromEntries(
      Object.entries(predictions).map(([key, [clean, withTrigger]]) => [key, { clean: clean[i], triggered: withTrigger[i] }]),
    ),
  }));
  const [clean, withTrigger] = [imageAt(before, 0), imageAt(after, 0)];
  const difference = clean.map((value, i) => Math.abs(value - withTrigger[i]));
  return {
    trigger: { clean: await png(test, clean), triggered: await png(test, withTrigger), difference: await png(test, difference) },
    samples: await Promise.all(samples),
  };
}

/** Positions of `count` images, ascending by class: one of each class in turn, classes and images in random order. */
function drawInTurn(labels: Int32Array, count: number, random: Random): number[] {
  const byClass = new Map<number, number[]>();
  for (const position of random.permutation(labels.length)) {
    const members = byClass.get(labels[position]) ?? [];
    byClass.set(labels[position], [...members, position]);
  }
  const classes = [...byClass.values()];
  const drawn: number[] = [];
  for (let round = 0; drawn.length < Math.min(count, labels.length); round++) {
    const left = classes.filter((members) => members.length > round).map((members) => members[round]);
    drawn.push(...left.slice(0, count - drawn.length));
  }
  return drawn.sort((a, b) => labels[a] - labels[b] || a - b);
}

type Said = Record<string, Prediction[][]>;

async function predictAll(
  engine: Engine,
  models: PicturesTask['models'],
  datasets: readonly Dataset[],
  { signal }: Control,
): Promise<Said> {
  const said: Said = {};
  for (const [key, model] of Object.entries(models)) {
    const predictor = await Predictor.create(engine, model);
    try {
      said[key] = [];
      for (const dataset of datasets) said[key].push(mostLikely(await predictor.logits(dataset, { signal }), model.classes));
    } finally {
      await predictor.release();
    }
  }
  return said;
}

/** The largest logit of each row and its softmax probability. */
function mostLikely(logits: Float32Array, classes: number): Prediction[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    const largest = Math.max(...values);
    const total = values.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    return { label: values.indexOf(largest), confidence: 1 / total };
  });
}

/** One image of a data set as a PNG file. */
export function png({ imageShape: [channels, height, width] }: Dataset, pixels: Uint8Array): Promise<Uint8Array> {
  return encodePng({ channels, height, width, pixels });
}
