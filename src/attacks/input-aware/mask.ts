import { checkInterrupted, UserError } from '../../core/errors.js';
import { floats } from '../../core/tensor.js';
import { batches } from '../../data/batches.js';
import type { Dataset } from '../../data/dataset.js';
import { learnedParameters } from '../../nn/parameters.js';
import type { Engine, Tensors } from '../../runtime/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { ObjectiveStep } from '../../train/objective.js';
import { adam } from '../../train/optimizers/adam.js';
import { multiStep } from '../../train/schedules.js';
import { trainingForm } from '../../train/training-form.js';
import type { AttackContext } from '../attack.js';
import { MASK, masksFor, normalisation, normalise, sameness, startGraph } from './graphs.js';

export interface MaskTraining {
  readonly epochs: number;
  readonly batchSize: number;
  readonly rate: number;
  /** Epochs at which the rate falls to a tenth. */
  readonly milestones: readonly number[];
  /** Share of the image that a mask may cover for nothing. */
  readonly density: number;
  /** Weight of what it covers beyond that. */
  readonly densityWeight: number;
  /** Weight of masks that are alike for different images. */
  readonly diversityWeight: number;
}

/**
 * Trains the network that says where the trigger of an image lies: small masks, different ones for different images. Adam
 * with decays 0.5 and 0.9 on w mean relu(τ - density) + v² sameness; both images of a pair go through the network together.
 * @returns its parameters and running statistics.
 * @throws UserError when there are too few images for one batch, or the training diverges.
 */
export async function trainMask(train: Dataset, training: MaskTraining, context: AttackContext): Promise<Tensors> {
  const { epochs, batchSize, rate, milestones } = training;
  const { engine, random, progress, signal } = context;
  const source = (stream: string) => batches(train, { batchSize, random: random.fork(stream) });
  const [first, second] = [source('mask first'), source('mask second')];
  const step = await compileStep(engine, train, training, random.fork(MASK));
  const schedule = multiStep({ rate, milestones });
  const total = epochs * first.batchesPerEpoch;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const partners = second.epoch(epoch)[Symbol.iterator]();
      for (const { images } of first.epoch(epoch)) {
        checkInterrupted(signal, `in epoch ${epoch + 1} of ${epochs} of the mask; run it again to start over`);
        const outputs = await step.run({ images, partners: partners.next().value.images }, schedule({ epoch, step: step.steps }));
        const [loss, covered] = [floats(outputs.loss)[0], floats(outputs.covered)[0]];
        if (!Number.isFinite(loss)) throw new UserError(`the training of the mask diverged in epoch ${epoch + 1}; choose a lower lr_M`);
        if (step.steps % 5 === 0 || step.steps === total) {
          progress?.({ phase: 'mask', done: step.steps, total, unit: 'step', figures: { epoch: epoch + 1, loss, covered } });
        }
      }
    }
    return await step.parameters();
  } finally {
    await step.release();
  }
}

async function compileStep(engine: Engine, train: Dataset, training: MaskTraining, random: AttackContext['random']) {
  const { imageShape } = train;
  const { batchSize, density, densityWeight, diversityWeight } = training;
  const builder = startGraph('input-aware:mask', normalisation(train));
  const images = builder.input('images', 'float32', [batchSize, ...imageShape]);
  const partners = builder.input('partners', 'float32', [batchSize, ...imageShape]);
  const pair = normalise(builder, builder.concat([images, partners], 0));
  const masks = masksFor(builder, pair, imageShape, random);
  const half = (value: string, index: number) => builder.slice(value, [index * batchSize], [(index + 1) * batchSize], [0]);
  const [mine, theirs] = [half(masks, 0), half(masks, 1)];
  const excess = builder.reduceMean(builder.relu(builder.sub(mine, builder.scalar(density))));
  const alike = sameness(builder, [half(pair, 0), half(pair, 1)], [mine, theirs]);
  const loss = builder.add(builder.mul(excess, builder.scalar(densityWeight)), builder.mul(alike, builder.scalar(diversityWeight ** 2)));
  builder.output(loss, 'loss');
  builder.output(builder.reduceMean(mine), 'covered');
  const { graph: forward, statistics } = trainingForm(builder.build());
  const graph = await traceShapes(engine, forward);
  const optimizer = adam({ betas: [0.5, 0.9] });
  const learned = learnedParameters(graph)
    .filter((name) => name.startsWith(`${MASK}.`))
    .map((name) => ({ name, optimizer }));
  const step = await ObjectiveStep.compile(engine, { graph, loss: 'loss', outputs: ['loss', 'covered'], learned, statistics });
  return step;
}
