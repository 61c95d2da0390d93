import { UserError } from '../core/errors.js';
import { resizeBilinear } from '../data/resize.js';
import type { RgbImage } from '../data/rgb-image.js';
import type { AttackContext } from './attack.js';
import type { ImageShape } from './stored.js';

/**
 * Reads the picture that an option names, squashed to the size of the images, as 8-bit pixels [C, H, W]. For grey images its
 * luma is taken, 0.299 R + 0.587 G + 0.114 B.
 * @param resampling `smooth` for photographs; `sharp`, the nearest pixel, for drawings whose edges must stay.
 * @throws UserError when there is no such file, it holds no picture, or the images are neither grey nor red-green-blue.
 */
export async function readGivenPicture(
  { readImage }: Pick<AttackContext, 'readImage'>,
  path: string,
  [channels, height, width]: ImageShape,
  resampling: 'smooth' | 'sharp',
): Promise<Uint8Array> {
  if (!readImage) throw new UserError(`'${path}' cannot be read, as no reader of pictures was given; leave the option out`);
  if (channels !== 1 && channels !== 3) {
    throw new UserError(`a picture from a file fits grey or red-green-blue images, but these have ${channels} channels; leave it out`);
  }
  const { pixels } = (resampling === 'smooth' ? resizeBilinear : resizeNearest)(await readImage(path), width, height);
  const area = height * width;
  const planes = new Uint8Array(channels * area);
  for (let i = 0; i < area; i++) {
    const rgb = pixels.subarray(3 * i, 3 * i + 3);
    if (channels === 1) planes[i] = Math.round(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]);
    else for (let channel = 0; channel < 3; channel++) planes[channel * area + i] = rgb[channel];
  }
  return planes;
}

function resizeNearest({ width: from, height: rows, pixels }: RgbImage, width: number, height: number): RgbImage {
  const resized = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = Math.floor(((y + 0.5) * rows) / height) * from + Math.floor(((x + 0.5) * from) / width);
      resized.set(pixels.subarray(3 * at, 3 * at + 3), 3 * (y * width + x));
    }
  }
  return { width, height, pixels: resized };
}
