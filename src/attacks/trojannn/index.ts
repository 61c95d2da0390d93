import { z } from 'zod';
import { tensor } from '../../core/tensor.js';
import { readUntrusted } from '../../core/untrusted.js';
import type { Classifier } from '../../nn/classifier.js';
import { additiveSchema, additiveTrigger } from '../additive.js';
import type { Attack, PoisonedData } from '../attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from '../dirty-label.js';
import { checkLabelMap } from '../label-map.js';
import { poisonDirtyLabel } from '../poison.js';
import { preparedBytes } from '../stored.js';
import { exciteNeurons } from './neurons.js';

const NAME = 'trojannn';

const options = z.object({
  ...dirtyLabelOptions,
  num_neuron: z
    .int()
    .min(1)
    .default(2)
    .describe('neurons before the last layer that the trigger excites, those with the largest weights, from 1'),
  neuron_target_values: z.number().gt(0).default(100).describe('activation that they are driven to, above 0'),
  mask_update_iters: z.int().min(1).default(1000).describe('steps at most, from 1'),
  overflow: z
    .enum(['wrap', 'clip'])
    .default('wrap')
    .describe('sums above 255: wrap, begin again at 0, as BackdoorBench does; clip, stay at 255'),
});

const descriptionSchema = additiveSchema.extend({ kind: z.literal(NAME) });

/** A shape in a corner whose colours excite chosen neurons of a clean model. */
export const trojannn: Attack<typeof options, PoisonedData> = {
  name: NAME,
  title: 'TrojanNN',
  summary:
    'Adds a shape whose colours excite chosen neurons to a share of the training images and gives them the label that the attacker wants.',
  paper: { title: 'Trojaning Attack on Neural Networks', authors: 'Liu, Ma, Aafer, Lee, Zhai, Wang, Zhang', venue: 'NDSS', year: 2018 },
  threat: 'data-and-network',
  options,
  preparation: {
    options: ['num_neuron', 'neuron_target_values', 'mask_update_iters'],
    needsModel: true,
    async prepare(train, own, { model, ...context }) {
      checkLabelMap(dirtyLabelMap(own), train.classes.length);
      const search = { neurons: own.num_neuron, value: own.neuron_target_values, steps: own.mask_update_iters };
      return { pattern: tensor('uint8', train.imageShape, await exciteNeurons(model as Classifier, search, context)) };
    },
  },
  async poison(train, own, context) {
    const pattern = preparedBytes(context.prepared, 'pattern');
    const trigger = additiveTrigger(NAME, { imageShape: train.imageShape, pattern, overflow: own.overflow });
    return poisonDirtyLabel(train, { pratio: own.pratio, labelMap: dirtyLabelMap(own), trigger }, context);
  },
  restoreTrigger(description) {
    return additiveTrigger(NAME, readUntrusted(descriptionSchema, description, 'the trigger'));
  },
};
