import { z } from 'zod';
import { checkInterrupted, UserError } from '../core/errors.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { batches } from '../data/batches.js';
import { type Dataset, sizeOfDataset } from '../data/dataset.js';
import { split } from '../data/sample.js';
import { type BatchNormLayer, batchNorms } from '../nn/batch-norms.js';
import { type Classifier, withParameters } from '../nn/classifier.js';
import { accuracyOn } from '../nn/predict.js';
import type { Tensors } from '../runtime/engine.js';
import { compileMaskStep } from './anp-step.js';
import type { Defense, DefenseContext } from './defense.js';
import { heldOutOptions } from './held-out.js';

const options = z.object({
  anp_eps: z.number().min(0).max(1).default(0.4).describe('largest relative change of a scale or shift before the ascent step, 0 to 1'),
  anp_alpha: z.number().min(0).max(1).default(0.2).describe('weight of the loss without a change, beside that with it, 0 to 1'),
  iterations: z.int().min(1).default(2000).describe('steps of the search for masks, from 1'),
  batch_size: z.int().min(2).default(256).describe('images per step, from 2'),
  lr: z.number().gt(0).default(0.01).describe('learning rate of the masks (the paper: 0.2), above 0'),
  ...heldOutOptions,
});

/** Thresholds on the masks, as published. */
const THRESHOLDS = Array.from({ length: 19 }, (_, i) => i / 20);
const PROGRESS_EVERY = 10;

/** Adversarial neuron pruning. */
export const anp: Defense<typeof options> = {
  name: 'anp',
  title: 'ANP',
  summary: 'Learns which channels the network can do without while its normalisations are disturbed, and prunes those.',
  paper: {
    title: 'Adversarial Neuron Pruning Purifies Backdoored Deep Models',
    authors: 'Wu, Wang',
    venue: 'NeurIPS',
    year: 2021,
  },
  options,

  async repair({ model, clean }, options, context) {
    const norms = batchNorms(model.graph);
    if (norms.length === 0)
      throw new UserError(`model '${model.name}' has no batch normalisation, on which ANP rests; use another defence`);
    const started = performance.now();
    const { held, rest } = split(clean, options.held_out, context.random.fork('held out'));
    const masks = await learnMasks(model, norms, rest, options, context);
    const learned = performance.now();
    const { threshold, before, after, repaired } = await chooseThreshold(model, norms, masks, held, options.acc_ratio, context);
    return {
      model: repaired,
      pruned: Object.fromEntries(norms.map(({ name }) => [name, below(masks[name], threshold)])),
      history: [],
      rule:
        `A mask for each channel of each normalisation was learned on ${sizeOfDataset(rest)} clean images; channels with a mask up to ${threshold} were ` +
        `silenced (scale zero). The threshold is the largest of 0, 0.05, .. 0.9 that keeps the accuracy on ${sizeOfDataset(held)} held-out clean ` +
        `images within ${options.acc_ratio} of what it was (${before.toFixed(4)}, then ${after.toFixed(4)}). The published code takes the threshold ` +
        'with the lowest ASR on test images, which a defender cannot know.',
      seconds: { 'learn masks': (learned - started) / 1000, prune: (performance.now() - learned) / 1000 },
    };
  },
};

async function learnMasks(
  model: Classifier,
  norms: readonly BatchNormLayer[],
  images: Dataset,
  options: z.infer<typeof anp.options>,
  { engine, random, progress, signal }: DefenseContext,
): Promise<Readonly<Record<string, Float32Array>>> {
  const { anp_eps: eps, anp_alpha: alpha, iterations, batch_size: batchSize, lr } = options;
  const source = batches(images, { batchSize, random: random.fork('batches') });
  const noise = random.fork('noise');
  const step = await compileMaskStep(engine, model, norms, { batchSize, eps, alpha });
  try {
    let done = 0;
    for (let epoch = 0; done < iterations; epoch++) {
      for (const batch of source.epoch(epoch)) {
        checkInterrupted(signal, 'while learning masks');
        const start: Tensors = {};
        for (const { channels } of norms) {
          for (const kind of ['delta', 'xi']) {
            const draws = Float32Array.from({ length: channels }, () => noise.between(-eps, eps));
            start[`${kind}:${Object.keys(start).length >> 1}`] = float32([channels], draws);
          }
        }
        const { loss } = await step.run(batch, start, lr);
        if (!Number.isFinite(loss)) throw new UserError(`the masks' loss is not a number at step ${done + 1}; try a lower --lr`);
        done++;
        if (done % PROGRESS_EVERY === 0 || done === iterations)
          progress?.({ phase: 'learn masks', done, total: iterations, unit: 'step', figures: { loss } });
        if (done === iterations) break;
      }
    }
    return await step.masks();
  } finally {
    await step.release();
  }
}

async function chooseThreshold(
  model: Classifier,
  norms: readonly BatchNormLayer[],
  masks: Readonly<Record<string, Float32Array>>,
  held: Dataset,
  accRatio: number,
  { engine, signal }: DefenseContext,
) {
  const before = await accuracyOn(engine, model, held, { signal });
  let chosen = { threshold: -1, after: before, repaired: model };
  for (const threshold of THRESHOLDS) {
    const repaired = silence(model, norms, masks, threshold);
    const after = await accuracyOn(engine, repaired, held, { signal });
    if (before - after < accRatio * before) chosen = { threshold, after, repaired };
  }
  return { ...chosen, before };
}

function silence(
  model: Classifier,
  norms: readonly BatchNormLayer[],
  masks: Readonly<Record<string, Float32Array>>,
  threshold: number,
): Classifier {
  const scales = norms.map(({ name, scale }) => {
    const data = floats(model.graph.initializers.get(scale) as Tensor).slice();
    for (const channel of below(masks[name], threshold)) data[channel] = 0;
    return [scale, float32([data.length], data)];
  });
  return withParameters(model, Object.fromEntries(scales));
}

function below(mask: Float32Array, threshold: number): number[] {
  return Array.from(mask.keys()).filter((channel) => mask[channel] <= threshold);
}
