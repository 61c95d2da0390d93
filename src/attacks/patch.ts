import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { type StaticTrigger, staticTrigger } from './static-trigger.js';
import { imageShapeSchema } from './stored.js';

/** The options of an attack that say what the patch looks like and where it lies. */
export const patchOptions = {
  patch_size: z.int().min(1).default(3).describe('side of the square patch, pixels, 1 up to the image side'),
  patch_value: z.int().min(0).max(255).default(255).describe('brightness of the patch in every channel, 0 (black) to 255 (white)'),
  patch_position: z
    .enum(['bottom-right', 'bottom-left', 'top-right', 'top-left', 'center'])
    .default('bottom-right')
    .describe('corner that the patch lies in, or center'),
  patch_margin: z.int().min(0).default(0).describe('distance from both borders of its corner, pixels, from 0; no effect in the center'),
  pattern: z
    .enum(['solid', 'grid'])
    .default('solid')
    .describe('solid: patch_value throughout; grid: a checkerboard of patch_value and 1, patch_value at its top left'),
};

/** A square patch on images of one shape. Nothing is left to defaults, as it is also what a stored trigger must hold. */
export const patchSchema = z.strictObject({
  patch_size: patchOptions.patch_size.unwrap(),
  patch_value: patchOptions.patch_value.unwrap(),
  patch_position: patchOptions.patch_position.unwrap(),
  patch_margin: patchOptions.patch_margin.unwrap(),
  pattern: patchOptions.pattern.unwrap(),
  imageShape: imageShapeSchema,
});

export type Patch = z.infer<typeof patchSchema>;

/** Value of the dark squares of a grid; BackdoorBench takes 1 because 0 means `keep` in its trigger pictures. */
const GRID_DARK = 1;

/**
 * A trigger that overwrites a square of the image, in all channels alike.
 * @param kind name of the attack that reads the description.
 * @throws UserError when the patch does not fit into the image.
 */
export function patchTrigger(kind: string, patch: Patch): StaticTrigger {
  const [channels, height, width] = patch.imageShape;
  const side = patch.patch_size;
  const [top, left] = corner(patch);
  return staticTrigger({ kind, ...patch }, patch.imageShape, (image) => {
    const triggered = image.slice();
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < side; i++) {
        const row = (channel * height + top + i) * width + left;
        for (let j = 0; j < side; j++) {
          const dark = patch.pattern === 'grid' && (i + j) % 2 === 1;
          triggered[row + j] = dark ? GRID_DARK : patch.patch_value;
        }
      }
    }
    return triggered;
  });
}

/** Row and column of the patch's top left pixel. */
function corner({ imageShape: [, height, width], patch_size: side, patch_position: position, patch_margin }: Patch): [number, number] {
  const margin = position === 'center' ? 0 : patch_margin;
  const [down, right] = [height - side - margin, width - side - margin];
  if (down < 0 || right < 0) {
    const what = `a patch of ${side} pixels${margin > 0 ? ` with a margin of ${margin}` : ''}`;
    throw new UserError(`${what} does not fit into an image of ${height} x ${width}; choose a smaller patch_size or patch_margin`);
  }
  if (position === 'center') return [Math.floor(down / 2), Math.floor(right / 2)];
  const [vertical, horizontal] = position.split('-');
  return [vertical === 'top' ? margin : down, horizontal === 'left' ? margin : right];
}
