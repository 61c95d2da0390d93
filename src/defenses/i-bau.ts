import { z } from 'zod';
import { checkInterrupted, UserError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { batches } from '../data/batches.js';
import { withParameters } from '../nn/classifier.js';
import { learnedParameters } from '../nn/parameters.js';
import type { Tensors } from '../runtime/engine.js';
import type { Batch } from '../train/batch.js';
import type { Defense } from './defense.js';
import { compileOuterStep, compilePerturbation } from './i-bau-steps.js';

const options = z.object({
  n_rounds: z.int().min(1).default(5).describe('rounds of looking for a perturbation and unlearning it, from 1'),
  K: z.int().min(1).default(5).describe('steps of the fixed-point iteration for the hypergradient, from 1'),
  lr: z.number().gt(0).default(1e-4).describe("Adam's learning rate, above 0"),
  batch_size: z.int().min(2).default(256).describe('images per step, from 2'),
  delta_lr: z
    .number()
    .gt(0)
    .default(0.6)
    .describe('learning rate of the perturbation in pixels of [0, 1], above 0 (published: 10 in units of the deviation)'),
  delta_l2: z.number().min(0).default(0.001).describe("weight of the perturbation's squared length, from 0"),
  inner_lr: z.number().gt(0).default(0.1).describe('step size of the fixed-point map, above 0'),
  patched: z.number().gt(0).max(1).default(0.01).describe('share of the images of a batch that get the perturbation, above 0 up to 1'),
});

/** Implicit backdoor adversarial unlearning. */
export const iBau: Defense<typeof options> = {
  name: 'i-bau',
  title: 'I-BAU',
  summary: 'Unlearns the universal perturbation that hurts most, with a gradient that foresees how it would move.',
  paper: {
    title: 'Adversarial Unlearning of Backdoors via Implicit Hypergradient',
    authors: 'Zeng, Chen, Park, Mao, Jin, Jia',
    venue: 'ICLR',
    year: 2022,
  },
  options,

  async repair({ model, clean }, options, { engine, random, progress, signal }) {
    const started = performance.now();
    const { n_rounds: rounds, batch_size: batchSize } = options;
    const stored: Batch[] = [...batches(clean, { batchSize, random: random.fork('batches') }).epoch(0)];
    const learned = learnedParameters(model.graph);
    let parameters: Tensors = Object.fromEntries(learned.map((name) => [name, model.graph.initializers.get(name) as Tensor]));
    const perturbation = await compilePerturbation(engine, model, { batchSize, rate: options.delta_lr, weight: options.delta_l2 });
    const outer = await compileOuterStep(engine, model, { ...options, batchSize });
    try {
      const total = rounds * stored.length;
      for (let round = 0; round < rounds; round++) {
        const { delta, predicted } = await perturbation.find(parameters, stored, signal);
        for (const [index, batch] of stored.entries()) {
          checkInterrupted(signal, `in round ${round + 1} of ${rounds}`);
          const loss = await outer.run(batch, stored[0].images, predicted[0], delta);
          if (!Number.isFinite(loss)) throw new UserError(`the loss is not a number in round ${round + 1}; try a lower --lr or --inner-lr`);
          progress?.({ phase: 'unlearn', done: round * stored.length + index + 1, total, unit: 'step', figures: { loss } });
        }
        parameters = await outer.parameters();
      }
    } finally {
      await perturbation.release();
      await outer.release();
    }
    return {
      model: withParameters(model, parameters),
      pruned: {},
      history: [],
      rule:
        `In each of ${rounds} rounds the universal perturbation was looked for that most changes the answers on ${stored.length * batchSize} clean ` +
        'images, then unlearned. The model after the last round was taken; nothing was selected.',
      seconds: { unlearn: (performance.now() - started) / 1000 },
    };
  },
};
