import { checkInterrupted } from '../../core/errors.js';
import { batches } from '../../data/batches.js';
import { type Dataset, sizeOfDataset } from '../../data/dataset.js';
import type { Classifier } from '../../nn/classifier.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import type { Engine } from '../../runtime/engine.js';
import type { EpochRecord } from '../../train/loop.js';
import { sgd } from '../../train/optimizers/sgd.js';
import { cosine } from '../../train/schedules.js';
import { TrainingStep } from '../../train/step.js';
import type { DefenseContext, FeatureMap, Repair } from '../defense.js';
import type { FmpOptions } from './options.js';
import { publishedPrune } from './published-prune.js';
import { publishedScan } from './published-scan.js';
import type { ScanImages } from './scan.js';
import { select } from './select.js';

/** What the published code has written into it. */
const RULE = { p: 64, minPerLayer: 0 };

export interface PublishedTask {
  readonly model: Classifier;
  readonly clean: Dataset;
  readonly layers: readonly ConvLayer[];
  readonly images: ScanImages;
  /** Test images, without labels being read: the published code lets them into the running statistics. */
  readonly test?: Dataset;
}

/** FMP as the published code does it, for comparison only; see docs/fmp.md for what is wrong with each step. */
export async function repairAsPublished(task: PublishedTask, options: FmpOptions, context: DefenseContext): Promise<Repair> {
  const { model, layers, images, clean, test } = task;
  const { engine, random, progress, signal } = context;
  const { eps, alpha } = options;
  const started = performance.now();
  const accuracies = await publishedScan(engine, model, layers, images, { eps, alpha, random: random.fork('start'), progress, signal });
  const scanned = performance.now();
  const ranked = Object.fromEntries(layers.map(({ name }) => [name, select(rankable(accuracies[name]), RULE)]));
  const { classifier, zeroed } = publishedPrune(model, layers, ranked);
  const maps = Object.fromEntries(
    layers.map(({ name }): [string, FeatureMap[]] => [
      name,
      accuracies[name].map((accuracy, channel) => ({ channel, accuracy, suspicion: 1 - accuracy, pruned: zeroed[name].includes(channel) })),
    ]),
  );
  const tuned = await fineTuneAsPublished(engine, classifier, clean, test, options, context);
  return {
    model: tuned.classifier,
    pruned: zeroed,
    maps,
    history: tuned.history,
    rule:
      `As published, for comparison only. Accuracies were taken on ${images.labels.length} images that were normalised twice; the lists of the ` +
      'lowest 1/64 of each layer, ranked in forward order, were applied in the order of definition, also to the normalisation defined next; ' +
      `nothing was held at zero during ${options.epochs} epochs of fine-tuning` +
      `${test ? `, and after each epoch ${sizeOfDataset(test)} test images went into the running statistics: the result is contaminated by test images` : ''}.`,
    seconds: { scan: (scanned - started) / 1000, 'fine-tune': (performance.now() - scanned) / 1000 },
  };
}

function rankable(accuracies: readonly number[]) {
  return accuracies.map((accuracy, channel) => ({ channel, suspicion: 1 - accuracy }));
}

/** SGD without masks; after each epoch the test images pass in training form, which moves the running statistics and nothing else. */
async function fineTuneAsPublished(
  engine: Engine,
  classifier: Classifier,
  clean: Dataset,
  test: Dataset | undefined,
  { epochs, lr, lr_min, batch_size: batchSize, sgd_momentum, wd }: FmpOptions,
  { random, progress, signal }: DefenseContext,
): Promise<{ classifier: Classifier; history: EpochRecord[] }> {
  if (epochs === 0) return { classifier, history: [] };
  const source = batches(clean, { batchSize, random: random.fork('fine-tune') });
  const schedule = cosine({ rate: lr, epochs, minimum: lr_min });
  const step = await TrainingStep.compile(engine, classifier, { batchSize, optimizer: sgd({ momentum: sgd_momentum, weightDecay: wd }) });
  const looking =
    test && (await lookInTrainingForm(engine, classifier, test, Math.min(batchSize, sizeOfDataset(test)), random.fork('test')));
  const history: EpochRecord[] = [];
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const started = performance.now();
      const learningRate = schedule({ epoch, step: step.steps });
      let [loss, hits, done] = [0, 0, 0];
      for (const batch of source.epoch(epoch)) {
        checkInterrupted(signal, `in epoch ${epoch + 1} of ${epochs}`);
        const told = await step.run(batch, learningRate);
        [loss, hits, done] = [loss + told.loss, hits + told.correct, done + 1];
      }
      if (looking) await step.restore({ ...(await step.read()), ...(await looking.statistics(await step.read())) }, step.steps);
      const figures = { epoch: epoch + 1, loss: loss / done };
      progress?.({ phase: 'fine-tune', done: epoch + 1, total: epochs, unit: 'epoch', figures });
      const seconds = (performance.now() - started) / 1000;
      history.push({ epoch: epoch + 1, learningRate, loss: loss / done, accuracy: hits / (done * batchSize), seconds });
    }
    return { classifier: await step.classifier(), history };
  } finally {
    await step.release();
    await looking?.release();
  }
}

/** Runs test images through the network in training form, and gives the running statistics that it then has. */
async function lookInTrainingForm(
  engine: Engine,
  classifier: Classifier,
  test: Dataset,
  batchSize: number,
  random: DefenseContext['random'],
) {
  // A learning rate of zero leaves the parameters as they are.
  const step = await TrainingStep.compile(engine, classifier, { batchSize, optimizer: sgd({ momentum: 0 }) });
  const source = batches(test, { batchSize, random, shuffle: false });
  return {
    async statistics(state: Awaited<ReturnType<typeof step.read>>) {
      const known = Object.keys(await step.read());
      await step.restore(Object.fromEntries(known.map((name) => [name, state[name]])), 0);
      for (const batch of source.epoch(0)) await step.run(batch, 0);
      return step.read();
    },
    release: () => step.release(),
  };
}
