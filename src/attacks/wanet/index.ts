import { z } from 'zod';
import { readUntrusted } from '../../core/untrusted.js';
import type { Attack, PoisonedTraining } from '../attack.js';
import { poisonBatches, wholeShare } from '../batch-poison.js';
import { batchLabelOptions, dirtyLabelMap } from '../dirty-label.js';
import { type StaticTrigger, staticTrigger } from '../static-trigger.js';
import { type ImageShape, imageShapeSchema } from '../stored.js';
import { disturbGrid, drawPsi, elasticGrid, type Warp, warpImage } from './warp.js';

const NAME = 'wanet';

const k = z.int().min(2).max(64);
const s = z.number().gt(0).max(64);
const rescale = z.number().gt(0).max(4);

const options = z.object({
  ...batchLabelOptions,
  cross_ratio: z
    .number()
    .min(0)
    .default(2)
    .describe('noise mode: for each poisoned image so many others are warped at random and keep their labels, from 0'),
  s: s.default(0.5).describe('strength of the warp, above 0: at 0.5 pixels move by about a quarter of a pixel'),
  k: k.default(4).describe('side of the coarse grid that the warp is enlarged from, 2 to 64'),
  grid_rescale: rescale.default(1).describe('factor of all positions, above 0; 1 leaves the size of the image alone'),
});

const descriptionSchema = z
  .strictObject({
    kind: z.literal(NAME),
    imageShape: imageShapeSchema,
    k,
    s,
    grid_rescale: rescale,
    psi: z.array(z.number().min(-1e6).max(1e6)).max(2 * 64 * 64),
  })
  .refine(({ k, psi }) => psi.length === 2 * k * k, 'psi does not hold 2 k k numbers');

/** A smooth warp that moves pixels by less than a pixel; images that are warped otherwise teach the network to tell them apart. */
export const wanet: Attack<typeof options, PoisonedTraining> = {
  name: NAME,
  title: 'WaNet',
  summary: 'Warps a share of the training images, hardly visibly, and gives them the label that the attacker wants.',
  paper: { title: 'WaNet - Imperceptible Warping-based Backdoor Attack', authors: 'Nguyen, Tran', venue: 'ICLR', year: 2021 },
  threat: 'training',
  options,
  async poison(train, own, { random }) {
    const { k, s, grid_rescale, pratio, cross_ratio } = own;
    const { imageShape } = train;
    const warp = { k, s, grid_rescale, psi: drawPsi(k, random.fork('grid')) };
    const grid = elasticGrid(warp, imageShape);
    return poisonBatches(train, {
      pratio,
      labelMap: dirtyLabelMap(own),
      trigger: warpTrigger(warp, imageShape),
      crossCount: (poisoned) => wholeShare(cross_ratio, poisoned),
      cross: (image, draws) => warpImage(image, imageShape, disturbGrid(grid, imageShape, draws)),
    });
  },
  restoreTrigger(description) {
    const { kind: _, imageShape, ...warp } = readUntrusted(descriptionSchema, description, 'the trigger');
    return warpTrigger(warp, imageShape);
  },
};

function warpTrigger(warp: Warp, imageShape: ImageShape): StaticTrigger {
  const grid = elasticGrid(warp, imageShape);
  const description = { kind: NAME, imageShape: [...imageShape], ...warp };
  return staticTrigger(description, imageShape, (image) => warpImage(image, imageShape, grid));
}
