import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { readUntrusted } from '../../core/untrusted.js';
import { type BatchOptions, batches, type RawBatch } from '../../data/batches.js';
import type { Dataset } from '../../data/dataset.js';
import type { Tensors } from '../../runtime/engine.js';
import type { Batch, BatchSource } from '../../train/batch.js';
import { train as trainClassifier } from '../../train/loop.js';
import type { CompileStep } from '../../train/step.js';
import type { Attack, LabelMap, PoisonedTraining, Trigger } from '../attack.js';
import { perBatch, type Shares } from '../batch-poison.js';
import { batchLabelOptions, dirtyLabelMap } from '../dirty-label.js';
import { attackedLabel, checkLabelMap } from '../label-map.js';
import { applyNetwork, withStoredParameters } from '../network-trigger.js';
import { type ImageShape, imageShapeSchema } from '../stored.js';
import { MASK, normalisation, PATTERN, STATISTICS, triggerGraph } from './graphs.js';
import { trainMask } from './mask.js';
import { JointStep } from './step.js';

const NAME = 'inputaware';

const options = z.object({
  ...batchLabelOptions,
  lr_G: z.number().gt(0).default(0.01).describe("learning rate of the pattern's network (Adam), above 0"),
  lr_M: z.number().gt(0).default(0.01).describe("learning rate of the mask's network at first (Adam), above 0"),
  schedulerM_milestones: z.array(z.int().min(1)).default([10, 20]).describe('epochs at which that falls to a tenth, each from 1'),
  lambda_div: z.number().min(0).default(1).describe('weight of triggers that are alike for different images, from 0'),
  lambda_norm: z.number().min(0).default(100).describe('weight of masks that cover more than mask_density, from 0'),
  mask_density: z.number().min(0).max(1).default(0.032).describe('share of the image that a mask may cover, 0 to 1'),
  clean_train_epochs: z.int().min(1).default(25).describe("passes over the training images to train the mask's network, from 1"),
  mask_batch_size: z.int().min(1).default(128).describe('images per step of that, from 1'),
});

const descriptionSchema = z.strictObject({ kind: z.literal(NAME), imageShape: imageShapeSchema });

/** Two networks make a trigger of its own for every image, and that of another image is to do nothing. */
export const inputAware: Attack<typeof options, PoisonedTraining> = {
  name: NAME,
  title: 'Input-aware',
  summary: 'Trains a network that makes a pattern of its own for every image together with the classifier that falls for it.',
  paper: { title: 'Input-Aware Dynamic Backdoor Attack', authors: 'Nguyen, Tran', venue: 'NeurIPS', year: 2020 },
  threat: 'training',
  options,
  preparation: {
    options: ['lr_M', 'schedulerM_milestones', 'lambda_div', 'lambda_norm', 'mask_density', 'clean_train_epochs', 'mask_batch_size'],
    needsModel: false,
    async prepare(train, own, context) {
      checkLabelMap(dirtyLabelMap(own), train.classes.length);
      const training = {
        epochs: own.clean_train_epochs,
        batchSize: own.mask_batch_size,
        rate: own.lr_M,
        milestones: own.schedulerM_milestones,
        density: own.mask_density,
        densityWeight: own.lambda_norm,
        diversityWeight: own.lambda_div,
      };
      return trainMask(train, training, context);
    },
  },
  async poison(train, own, { random, prepared = {} }) {
    const labelMap = dirtyLabelMap(own);
    checkLabelMap(labelMap, train.classes.length);
    const statistics = normalisation(train);
    const shares = { pratio: own.pratio, crossCount: (poisoned: number) => poisoned };
    return {
      kind: 'training',
      labelMap,
      perBatch: (batchSize) => perBatch(batchSize, shares),
      batches: (given) => pairedBatches(train, labelMap, given, countIn(given.batchSize, shares)),
      async train(engine, classifier, source, settings) {
        const poisoned = countIn(source.batchSize, shares);
        const joint = {
          poisoned,
          mask: prepared,
          statistics,
          rate: own.lr_G,
          diversityWeight: own.lambda_div,
          random: random.fork(PATTERN),
        };
        let step: JointStep | undefined;
        const compileStep: CompileStep = async (...given) => {
          step = await JointStep.compile(...given, joint);
          return step;
        };
        const trained = await trainClassifier(engine, classifier, source, { ...settings, compileStep });
        const parameters = { ...step?.pattern, ...prepared, ...statistics };
        return { ...trained, trigger: networkTrigger(train.imageShape, parameters) };
      },
    };
  },
  restoreTrigger(description, tensors) {
    const { imageShape } = readUntrusted(descriptionSchema, description, 'the trigger');
    return networkTrigger(imageShape, tensors);
  },
};

/** @throws UserError when the parameters are not those of the two networks. */
function networkTrigger(imageShape: ImageShape, parameters: Tensors | undefined): Trigger {
  const graph = withStoredParameters(triggerGraph(imageShape), parameters, PATTERN, MASK, STATISTICS);
  return {
    description: { kind: NAME, imageShape: [...imageShape] },
    tensors: parameters,
    apply: (images, engine) => applyNetwork(engine, graph, images, imageShape),
  };
}

/** How many images of a batch get their own trigger, and as many that of another. */
function countIn(batchSize: number, shares: Shares): number {
  const { poisoned } = perBatch(batchSize, shares);
  if (poisoned >= 1) return poisoned;
  throw new UserError(`a poison ratio of ${shares.pratio} poisons no image of a batch of ${batchSize}; choose at least ${1 / batchSize}`);
}

/** Batches whose first images have the attacker's labels, each with other images whose triggers the next ones are to carry. */
function pairedBatches(train: Dataset, labelMap: LabelMap, options: Omit<BatchOptions, 'edit'>, count: number): BatchSource {
  const edit = ({ labels }: RawBatch) => {
    for (let i = 0; i < count; i++) labels[i] = attackedLabel(labels[i], labelMap, train.classes.length);
  };
  const source = batches(train, { ...options, edit });
  const partners = batches(train, { ...options, batchSize: count, random: options.random.fork('partners') });
  return {
    ...source,
    *epoch(number) {
      const others = partners.epoch(number)[Symbol.iterator]();
      for (const batch of source.epoch(number)) {
        const next: IteratorResult<Batch> = others.next();
        yield { ...batch, others: { partners: next.value.images } };
      }
    },
  };
}
