import { checkInterrupted, Diverged } from '../core/errors.js';
import type { Control } from '../core/progress.js';
import { floats } from '../core/tensor.js';
import type { Classifier } from '../nn/classifier.js';
import type { Engine, Tensors } from '../runtime/engine.js';
import type { Batch, BatchSource } from './batch.js';
import { type CheckpointStore, decodeState, encodeState } from './checkpoint.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { Schedule } from './schedules.js';
import { type ClassifierStep, type CompileStep, type Masks, type StepResult, TrainingStep } from './step.js';

/** What one epoch of training came to. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Learning rate of the epoch's first step. */
  readonly learningRate: number;
  /** Mean cross-entropy over the epoch's steps, as they went by. */
  readonly loss: number;
  /** Share of training images classified as labelled, as they went by, 0..1. */
  readonly accuracy: number;
  readonly seconds: number;
}

export interface TrainOptions extends Control {
  readonly epochs: number;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Parameters to hold at zero in places. */
  readonly masks?: Masks;
  /** What progress events call the work. Default `train`. */
  readonly phase?: string;
  /** Where to keep a checkpoint after every epoch and to look for one before the first. */
  readonly checkpoints?: CheckpointStore;
  /** What each step is; default: down the cross-entropy of the classifier. */
  readonly compileStep?: CompileStep;
  /** Most steps that one run on the device takes; default 1. */
  readonly stepsPerRun?: number;
  /** Describes data, options and seed; a checkpoint of another run is refused. Default the empty string. */
  readonly run?: string;
}

export interface Trained {
  readonly classifier: Classifier;
  readonly history: readonly EpochRecord[];
}

/** Steps between two progress events. */
const PROGRESS_EVERY = 5;

/**
 * Trains a classifier. With a checkpoint store, a run that was killed at any moment goes on from its last finished epoch
 * and ends with the same bytes as one that was not.
 * @throws Diverged when the loss or a parameter is no longer finite; the message names the step and the last good checkpoint.
 * @throws Interrupted when the signal fires; the last finished epoch is in the store.
 */
export async function train(engine: Engine, classifier: Classifier, source: BatchSource, options: TrainOptions): Promise<Trained> {
  const { epochs, optimizer, masks, checkpoints, run = '', stepsPerRun, compileStep = TrainingStep.compile } = options;
  const step = await compileStep(engine, classifier, { batchSize: source.batchSize, optimizer, masks, stepsPerRun });
  try {
    const saved = await checkpoints?.load();
    const state = saved && decodeState(saved, run, checkpoints?.name ?? 'checkpoint');
    if (state) await step.restore(state.tensors, state.steps);
    const history: EpochRecord[] = [...(state?.history ?? [])];
    for (let epoch = state?.epochs ?? 0; epoch < epochs; epoch++) {
      history.push(await trainEpoch(step, source, options, epoch));
      const tensors = await step.read();
      checkFinite(tensors, epoch, checkpoints);
      await checkpoints?.save(encodeState({ epochs: epoch + 1, steps: step.steps, history, tensors }, run));
    }
    return { classifier: await step.classifier(), history };
  } finally {
    await step.release();
  }
}

async function trainEpoch(step: ClassifierStep, source: BatchSource, options: TrainOptions, epoch: number): Promise<EpochRecord> {
  const { batchesPerEpoch, batchSize } = source;
  const { schedule, progress, signal, phase = 'train', epochs, checkpoints } = options;
  const learningRate = schedule({ epoch, step: step.steps });
  const started = performance.now();
  let total = 0;
  let hits = 0;
  let done = 0;
  const batches = source.epoch(epoch)[Symbol.iterator]();
  try {
    for (let group = take(batches, step.stepsPerRun); group.length > 0; ) {
      checkInterrupted(signal, `in epoch ${epoch + 1} of ${epochs}`);
      const first = step.steps;
      const running = runAll(
        step,
        group,
        group.map((_, i) => schedule({ epoch, step: first + i })),
      );
      // The device has a thread of its own, so the next batches are made while it computes.
      const [results, next] = await Promise.all([running, (async () => take(batches, step.stepsPerRun))()]);
      for (const { loss, correct } of results) {
        if (!Number.isFinite(loss))
          throw diverged(`the loss is not a number at step ${done + 1} of epoch ${epoch + 1}`, epoch, checkpoints);
        total += loss;
        hits += correct;
        done++;
        if (done % PROGRESS_EVERY === 0 || done === batchesPerEpoch) {
          const figures = { epoch: epoch + 1, loss: total / done, accuracy: hits / (done * batchSize) };
          progress?.({ phase, done: epoch * batchesPerEpoch + done, total: epochs * batchesPerEpoch, unit: 'step', figures });
        }
      }
      group = next;
    }
  } finally {
    batches.return?.();
  }
  const seconds = (performance.now() - started) / 1000;
  return { epoch: epoch + 1, learningRate, loss: total / done, accuracy: hits / (done * batchSize), seconds };
}

/** As many of the next batches as go in one run; none at the end. */
function take(batches: Iterator<Batch>, most = 1): Batch[] {
  const group: Batch[] = [];
  while (group.length < most) {
    const { value, done } = batches.next();
    if (done) break;
    group.push(value);
  }
  return group;
}

async function runAll(step: ClassifierStep, batches: readonly Batch[], learningRates: readonly number[]): Promise<StepResult[]> {
  return step.runAll ? step.runAll(batches, learningRates) : [await step.run(batches[0], learningRates[0])];
}

/** The last step's loss does not tell what its update did, and a checkpoint that is called good has to be. */
function checkFinite(state: Tensors, epoch: number, checkpoints: CheckpointStore | undefined): void {
  const bad = Object.entries(state).find(([name, value]) => !floats(value, name).every(Number.isFinite));
  if (bad) throw diverged(`'${bad[0]}' is no longer finite after the last step of epoch ${epoch + 1}`, epoch, checkpoints);
}

/** @param epochs that are finished and saved. */
function diverged(what: string, epochs: number, checkpoints: CheckpointStore | undefined): Diverged {
  const last =
    checkpoints && epochs > 0 ? `the last good checkpoint, after epoch ${epochs}, is ${checkpoints.name}` : 'there is no checkpoint yet';
  return new Diverged(`${what}; ${last}; try a lower learning rate`);
}
