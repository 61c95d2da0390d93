import { z } from 'zod';
import { sizeOf, tensor } from '../../core/tensor.js';
import { readUntrusted } from '../../core/untrusted.js';
import { subset } from '../../data/dataset.js';
import type { Classifier } from '../../nn/classifier.js';
import type { Attack, PoisonedData } from '../attack.js';
import { dirtyLabelOptions } from '../dirty-label.js';
import { chooseCleanLabel, poisonCleanLabel } from '../poison.js';
import { type StaticTrigger, staticTrigger } from '../static-trigger.js';
import { type ImageShape, imageShapeSchema, preparedBytes } from '../stored.js';
import { adversarialImages } from './adversarial.js';
import { cornerMarks } from './corner-marks.js';

const NAME = 'lc';

const amplitude = z.number().gt(0).max(1);

const options = z.object({
  pratio: dirtyLabelOptions.pratio.describe(
    'poison ratio: poisoned images as a share of all training images, above 0 up to the share of the target class',
  ),
  attack_target: dirtyLabelOptions.attack_target.describe('target label, 0 to number of classes - 1'),
  reduced_amplitude: amplitude.default(1).describe('strength of the marks in the corners, as a share of the whole range, above 0 up to 1'),
  lc_eps: z.number().min(0).max(255).default(8).describe('largest change of a pixel by the adversarial noise, in 8-bit levels, 0 to 255'),
  lc_alpha: z.number().gt(0).max(255).default(1.5).describe('change of a pixel in one step, in 8-bit levels, above 0'),
  lc_steps: z.int().min(1).default(100).describe('steps of the search for adversarial noise, from 1'),
});

const descriptionSchema = z.strictObject({ kind: z.literal(NAME), imageShape: imageShapeSchema, reduced_amplitude: amplitude });

/** Images of the target class are made hard to recognise, so that the marks in their corners are what is learned of them. */
export const lc: Attack<typeof options, PoisonedData> = {
  name: NAME,
  title: 'LC',
  summary: 'Disturbs training images of the target class adversarially, marks their corners, and leaves their labels alone.',
  paper: { title: 'Label-Consistent Backdoor Attacks', authors: 'Turner, Tsipras, Madry', venue: 'arXiv:1912.02771', year: 2019 },
  threat: 'data-and-network',
  options,
  preparation: {
    options: ['pratio', 'attack_target', 'lc_eps', 'lc_alpha', 'lc_steps'],
    needsModel: true,
    async prepare(train, own, { model, random, ...context }) {
      const chosen = subset(train, chooseCleanLabel(train, { pratio: own.pratio, target: own.attack_target }, random), 'chosen');
      const search = { eps: own.lc_eps, step: own.lc_alpha, steps: own.lc_steps };
      const images = await adversarialImages(chosen, model as Classifier, search, context);
      return { images: tensor('uint8', [chosen.labels.length, ...train.imageShape], images) };
    },
  },
  async poison(train, own, context) {
    const trigger = marksTrigger(train.imageShape, own.reduced_amplitude);
    const disturbed = preparedBytes(context.prepared, 'images');
    const plant = () => trigger.apply(disturbed);
    return poisonCleanLabel(train, { pratio: own.pratio, target: own.attack_target, trigger, plant }, context);
  },
  restoreTrigger(description) {
    const { imageShape, reduced_amplitude } = readUntrusted(descriptionSchema, description, 'the trigger');
    return marksTrigger(imageShape, reduced_amplitude);
  },
};

/** Marks in all four corners, in every channel; test images get nothing else. */
function marksTrigger(imageShape: ImageShape, reduced_amplitude: number): StaticTrigger {
  const marks = cornerMarks(imageShape, 255 * reduced_amplitude);
  const area = sizeOf(imageShape.slice(1));
  const description = { kind: NAME, imageShape: [...imageShape], reduced_amplitude };
  return staticTrigger(description, imageShape, (image) =>
    image.map((value, i) => Math.min(255, Math.max(0, Math.round(value + marks[i % area])))),
  );
}
