import { z } from 'zod';
import type { Random } from '../core/random.js';
import { type Dataset, sizeOfDataset } from '../data/dataset.js';
import { split, stratified } from '../data/sample.js';
import { unitPixels } from '../nn/pixels.js';
import type { Engine } from '../runtime/engine.js';
import type { Defense } from './defense.js';
import { fineTuneOptions, prepareFineTune } from './fine-tune.js';
import { patch } from './inversion/families/patch.js';
import { invertTriggers } from './inversion/invert.js';
import { type PseudoTrigger, withPseudoTrigger } from './inversion/pseudo-trigger.js';
import { ANOMALY_THRESHOLD, anomalyIndices } from './inversion/suspects.js';

const options = z.object({
  nc_images: z.int().min(8).default(200).describe('clean images that triggers are looked for with, from 8'),
  nc_steps: z.int().min(1).default(80).describe('optimiser steps for each class, from 1'),
  nc_rows: z.int().min(8).default(320).describe('images times classes that go through the network at once, from 8; bounds the memory'),
  unlearning_ratio: z.number().gt(0).lt(1).default(0.2).describe('share of the clean images that get a found trigger, between 0 and 1'),
  ...fineTuneOptions,
});

/** Images that a trigger is laid over at once. */
const BATCH = 250;

/** Neural Cleanse's mitigation: unlearning of the triggers that were found. */
export const nc: Defense<typeof options> = {
  name: 'nc',
  title: 'NC',
  summary: 'Looks for the smallest patch that leads to each class and trains the model to ignore those that are suspiciously small.',
  paper: {
    title: 'Neural Cleanse: Identifying and Mitigating Backdoor Attacks in Neural Networks',
    authors: 'Wang, Yao, Shan, Li, Viswanath, Zheng, Zhao',
    venue: 'IEEE S&P',
    year: 2019,
  },
  options,

  async repair({ model, clean }, options, context) {
    const { engine, random, progress, signal } = context;
    prepareFineTune(clean, options, context);
    const started = performance.now();
    const count = Math.min(options.nc_images, sizeOfDataset(clean));
    const sample = stratified(clean, { count }, random.fork('images'));
    const triggers = await invertTriggers(engine, model, patch, unitPixels(sample.images, sample.imageShape), {
      steps: options.nc_steps,
      rows: options.nc_rows,
      random: random.fork('triggers'),
      progress,
      signal,
    });
    const indices = anomalyIndices(triggers.map(({ objective }) => objective));
    const flagged = triggers.filter(({ target }) => indices[target] > ANOMALY_THRESHOLD);
    const seconds = { 'look for triggers': (performance.now() - started) / 1000 };
    const told = `Patches that lead to each class were looked for on ${count} clean images; a class counts as attacked if its patch costs less than the median by more than ${ANOMALY_THRESHOLD} robust deviations`;
    if (flagged.length === 0) {
      const rule = `${told}. None does (the largest index is ${Math.max(...indices).toFixed(2)}), so the model was left as it was.`;
      return { model, pruned: {}, history: [], rule, seconds };
    }
    const tuning = performance.now();
    const taught = await withTriggers(engine, clean, flagged, options.unlearning_ratio, random.fork('unlearn'));
    const { classifier, history } = await prepareFineTune(taught, options, context, { augmented: sizeOfDataset(clean) })(model);
    const classes = flagged.map(({ target }) => `${target} (index ${indices[target].toFixed(2)})`).join(', ');
    return {
      model: classifier,
      pruned: {},
      history,
      rule:
        `${told}: class ${classes}. The found patches were laid over ${options.unlearning_ratio} of the clean images, which kept their true labels, ` +
        `and the model was trained on all of them for ${options.epochs} epochs; the last was taken.`,
      seconds: { ...seconds, unlearn: (performance.now() - tuning) / 1000 },
    };
  },
};

/** The clean images and, for each trigger, copies of a share of them that carry it, with their true labels. */
async function withTriggers(
  engine: Engine,
  clean: Dataset,
  triggers: readonly PseudoTrigger[],
  share: number,
  random: Random,
): Promise<Dataset> {
  const all = [clean];
  for (const trigger of triggers) {
    const { held } = split(clean, share, random.fork('class', trigger.target));
    all.push({ ...held, images: await stamped(engine, held, trigger) });
  }
  const images = new Uint8Array(all.reduce((sum, part) => sum + part.images.length, 0));
  const labels = new Int32Array(all.reduce((sum, part) => sum + part.labels.length, 0));
  let pixel = 0;
  let image = 0;
  for (const part of all) {
    images.set(part.images, pixel);
    labels.set(part.labels, image);
    pixel += part.images.length;
    image += part.labels.length;
  }
  return { ...clean, split: `${clean.split}, some with found triggers`, images, labels };
}

async function stamped(engine: Engine, images: Dataset, trigger: PseudoTrigger): Promise<Uint8Array> {
  const size = images.images.length / sizeOfDataset(images);
  const changed = new Uint8Array(images.images.length);
  for (let first = 0; first < changed.length; first += BATCH * size) {
    const pixels = unitPixels(images.images.subarray(first, first + BATCH * size), images.imageShape);
    const { data } = await withPseudoTrigger(engine, pixels, trigger);
    changed.set(
      Uint8Array.from(data, (value) => Math.round(255 * Math.min(1, Math.max(0, value)))),
      first,
    );
  }
  return changed;
}
