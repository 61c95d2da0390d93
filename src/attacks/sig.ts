import { z } from 'zod';
import { readUntrusted } from '../core/untrusted.js';
import type { Attack, PoisonedData } from './attack.js';
import { dirtyLabelOptions } from './dirty-label.js';
import { poisonCleanLabel, poisonDirtyLabel } from './poison.js';
import { type StaticTrigger, staticTrigger } from './static-trigger.js';
import { type ImageShape, imageShapeSchema } from './stored.js';

const NAME = 'sig';

const delta = z.number().gt(0).max(255);
const frequency = z.number().gt(0).max(10_000);

const options = z.object({
  pratio: dirtyLabelOptions.pratio.describe(
    'poison ratio: poisoned images as a share of all training images, above 0 up to the share of the target class',
  ),
  attack_target: dirtyLabelOptions.attack_target.describe('target label, 0 to number of classes - 1'),
  clean_label: z
    .boolean()
    .default(true)
    .describe('poison images of the target class alone, which keep their labels; off: images of all classes, which get the target label'),
  sig_delta: delta.default(40).describe('amplitude of the stripes in 8-bit levels, above 0 up to 255'),
  sig_f: frequency.default(6).describe('periods of the stripes over the width of the image, above 0'),
});

const descriptionSchema = z.strictObject({ kind: z.literal(NAME), imageShape: imageShapeSchema, sig_delta: delta, sig_f: frequency });

/** Vertical stripes of a sine wave, on images of the target class, whose labels stay as they are. */
export const sig: Attack<typeof options, PoisonedData> = {
  name: NAME,
  title: 'SIG',
  summary: 'Adds the stripes of a sine wave to training images of the target class and leaves their labels alone.',
  paper: {
    title: 'A New Backdoor Attack in CNNs by Training Set Corruption without Label Poisoning',
    authors: 'Barni, Kallas, Tondi',
    venue: 'ICIP',
    year: 2019,
  },
  threat: 'data',
  options,
  async poison(train, { pratio, attack_target, clean_label, sig_delta, sig_f }, context) {
    const trigger = stripes(train.imageShape, sig_delta, sig_f);
    if (clean_label) return poisonCleanLabel(train, { pratio, target: attack_target, trigger }, context);
    const labelMap = { kind: 'all-to-one', target: attack_target } as const;
    return poisonDirtyLabel(train, { pratio, labelMap, trigger }, context);
  },
  restoreTrigger(description) {
    const { imageShape, sig_delta, sig_f } = readUntrusted(descriptionSchema, description, 'the trigger');
    return stripes(imageShape, sig_delta, sig_f);
  },
};

/**
 * x + Δ sin(2π j f / W) in column j of W, in every row and channel, cut to 0..255 and towards zero as published. Single
 * precision, so that a sine that is zero but for the last bit does not change an image.
 */
function stripes(imageShape: ImageShape, delta: number, frequency: number): StaticTrigger {
  const [, , width] = imageShape;
  const wave = Float32Array.from({ length: width }, (_, j) => delta * Math.sin((2 * Math.PI * j * frequency) / width));
  const description = { kind: NAME, imageShape: [...imageShape], sig_delta: delta, sig_f: frequency };
  return staticTrigger(description, imageShape, (image) =>
    image.map((value, i) => Math.min(255, Math.max(0, Math.fround(value + wave[i % width])))),
  );
}
