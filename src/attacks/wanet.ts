import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { readUntrusted } from '../core/untrusted.js';
import { imageAt, pixelsPerImage } from '../data/dataset.js';
import type { Attack, Poisoned, Trigger } from './attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from './dirty-label.js';
import { poisonDirtyLabel } from './poison.js';
import { checkImageSize, type ImageShape, imageShapeSchema } from './stored.js';
import { disturbGrid, drawPsi, elasticGrid, type Warp, warpImage } from './warp.js';

const NAME = 'wanet';

const k = z.int().min(2).max(64);
const s = z.number().gt(0).max(64);
const rescale = z.number().gt(0).max(4);

const options = z.object({
  ...dirtyLabelOptions,
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
    psi: z.array(z.number()).max(2 * 64 * 64),
  })
  .refine(({ k, psi }) => psi.length === 2 * k * k, 'psi does not hold 2 k k numbers');

/** A smooth warp that moves pixels by less than a pixel; images that are warped otherwise teach the network to tell them apart. */
export const wanet: Attack<typeof options> = {
  name: NAME,
  title: 'WaNet',
  summary: 'Warps a share of the training images, hardly visibly, and gives them the label that the attacker wants.',
  paper: { title: 'WaNet - Imperceptible Warping-based Backdoor Attack', authors: 'Nguyen, Tran', venue: 'ICLR', year: 2021 },
  threat: 'data',
  options,
  async poison(train, own, random) {
    const { k, s, grid_rescale } = own;
    const warp = { k, s, grid_rescale, psi: drawPsi(k, random.fork('grid')) };
    const trigger = warpTrigger(warp, train.imageShape);
    const poisoned = poisonDirtyLabel(train, own.pratio, trigger, dirtyLabelMap(own), random);
    return addNoiseMode(poisoned, Math.round(own.cross_ratio * poisoned.indices.length), warp, random.fork('cross'));
  },
  restoreTrigger(description) {
    const { kind: _, imageShape, ...warp } = readUntrusted(descriptionSchema, description, 'the trigger');
    return warpTrigger(warp, imageShape);
  },
};

function warpTrigger(warp: Warp, imageShape: ImageShape): Trigger {
  const grid = elasticGrid(warp, imageShape);
  return {
    description: { kind: NAME, imageShape: [...imageShape], ...warp },
    apply(image) {
      checkImageSize(image, imageShape);
      return warpImage(image, imageShape, grid);
    },
  };
}

/** Warps `count` images that are not poisoned, each by its own disturbed grid; their labels stay. */
function addNoiseMode(poisoned: Poisoned, count: number, warp: Warp, random: Random): Poisoned {
  const { train, indices } = poisoned;
  const taken = new Set(indices);
  const left = Int32Array.from(train.labels.keys()).filter((i) => !taken.has(i));
  if (count > left.length) {
    const what = `a cross_ratio that warps ${count} more images does not fit: ${left.length} are left beside the poisoned ones`;
    throw new UserError(`${what}; choose a smaller pratio or cross_ratio`);
  }
  const grid = elasticGrid(warp, train.imageShape);
  const cross = random
    .fork('choice')
    .permutation(left.length)
    .subarray(0, count)
    .map((position) => left[position])
    .sort();
  const images = train.images.slice();
  for (const index of cross) {
    const disturbed = disturbGrid(grid, train.imageShape, random.fork('warp', index));
    images.set(warpImage(imageAt(train, index), train.imageShape, disturbed), index * pixelsPerImage(train));
  }
  return { ...poisoned, train: { ...train, images }, cross };
}
