import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { readUntrusted } from '../../core/untrusted.js';
import type { Attack, PoisonedData } from '../attack.js';
import { dirtyLabelMap, dirtyLabelOptions } from '../dirty-label.js';
import { poisonDirtyLabel } from '../poison.js';
import { type StaticTrigger, staticTrigger } from '../static-trigger.js';
import { type ImageShape, imageShapeSchema } from '../stored.js';
import { addToChroma } from './chroma.js';

const NAME = 'ftrojan';

const magnitude = z.number().gt(0).max(10_000);
const window = z.int().min(2).max(4096);

const options = z.object({
  ...dirtyLabelOptions,
  magnitude: magnitude
    .default(30)
    .describe('what is added to each of the two frequencies, in units of an orthonormal DCT of 8-bit levels, above 0'),
  window_size: window
    .default(32)
    .describe('side of the squares that are transformed one by one, pixels, from 2; at most the side of the image'),
});

const descriptionSchema = z.strictObject({ kind: z.literal(NAME), imageShape: imageShapeSchema, magnitude, window_size: window });

/** Two tones in the colours, one of middle and one of the highest frequency. */
export const ftrojan: Attack<typeof options, PoisonedData> = {
  name: NAME,
  title: 'FTrojan',
  summary: 'Adds two frequencies to the colours of a share of the training images and gives them the label that the attacker wants.',
  paper: {
    title: 'An Invisible Black-box Backdoor Attack through Frequency Domain',
    authors: 'Wang, Yao, Xu, An, Tong, Wang',
    venue: 'ECCV',
    year: 2022,
  },
  threat: 'data',
  options,
  async poison(train, own, context) {
    const trigger = tones(train.imageShape, own.magnitude, own.window_size);
    return poisonDirtyLabel(train, { pratio: own.pratio, labelMap: dirtyLabelMap(own), trigger }, context);
  },
  restoreTrigger(description) {
    const { imageShape, magnitude, window_size } = readUntrusted(descriptionSchema, description, 'the trigger');
    return tones(imageShape, magnitude, window_size);
  },
};

/** Colour images change in Cr and Cb, grey ones in their only channel. */
function tones(imageShape: ImageShape, magnitude: number, windowSize: number): StaticTrigger {
  const [channels] = imageShape;
  if (channels !== 1 && channels !== 3) {
    throw new UserError(`FTrojan changes grey or red-green-blue images, but these have ${channels} channels; choose another attack`);
  }
  const wave = tonePlane(imageShape, magnitude, windowSize);
  const description = { kind: NAME, imageShape: [...imageShape], magnitude, window_size: windowSize };
  return staticTrigger(description, imageShape, (image) =>
    channels === 3 ? addToChroma(image, wave) : image.map((value, i) => Math.min(255, Math.max(0, Math.floor(value + wave[i])))),
  );
}

/**
 * What adding `magnitude` at (p, p) and (q, q) of the orthonormal two-dimensional DCT-II of every window adds to the
 * pixels themselves, as the transform is linear: magnitude (b_p(i) b_p(j) + b_q(i) b_q(j)) with b_k(i) = √(2/n) cos(π (2i+1) k / 2n).
 * p = n/2 - 1 and q = n - 1, which are the published 15 and 31 in windows of 32. What no window fills stays as it is.
 */
export function tonePlane([, height, width]: ImageShape, magnitude: number, windowSize: number): Float64Array {
  const n = Math.min(windowSize, height, width);
  const basis = [Math.floor(n / 2) - 1, n - 1].map((k) =>
    Float64Array.from({ length: n }, (_, i) =>
      k === 0 ? Math.sqrt(1 / n) : Math.sqrt(2 / n) * Math.cos((Math.PI * (2 * i + 1) * k) / (2 * n)),
    ),
  );
  const plane = new Float64Array(height * width);
  for (let y = 0; y < height - (height % n); y++) {
    for (let x = 0; x < width - (width % n); x++) {
      plane[y * width + x] = magnitude * basis.reduce((sum, b) => sum + b[y % n] * b[x % n], 0);
    }
  }
  return plane;
}
