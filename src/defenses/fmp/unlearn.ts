import type { Random } from '../../core/random.js';
import { type Dataset, imageAt, pixelsPerImage, subset } from '../../data/dataset.js';
import { unitPixels } from '../../nn/pixels.js';
import type { Engine } from '../../runtime/engine.js';
import { type PseudoTrigger, withPseudoTrigger } from '../inversion/pseudo-trigger.js';

/**
 * Clean images and, after them, copies of some with pseudo-triggers on them and their true labels: what fine-tuning on them
 * teaches is that the shortcut no longer pays (unlearning, as in Wang et al., "Neural Cleanse", S&P 2019).
 *
 * The copies are of images of other classes than the triggers', drawn at random without replacement, and shared out equally among
 * the triggers.
 * @param triggers all for one class; the data set comes back as it is where there are none.
 * @param share of the copies, relative to all clean images, 0 to 1; it falls short where too few are of other classes.
 */
export async function withTriggeredCopies(
  engine: Engine,
  clean: Dataset,
  triggers: readonly PseudoTrigger[],
  share: number,
  random: Random,
): Promise<Dataset> {
  if (triggers.length === 0 || share === 0) return clean;
  const others = Array.from(clean.labels.keys()).filter((i) => clean.labels[i] !== triggers[0].target);
  const order = random.permutation(others.length);
  const each = Math.floor(Math.min(share * clean.labels.length, others.length) / triggers.length);
  const size = pixelsPerImage(clean);
  const all = Array.from(clean.labels.keys());
  const copied = Array.from(order.subarray(0, each * triggers.length), (i) => others[i]);
  const taught = subset(clean, [...all, ...copied], `${clean.split}, ${copied.length} again with pseudo-triggers`);
  for (const [number, trigger] of triggers.entries()) {
    if (each === 0) break;
    const first = all.length + number * each;
    const changed = await withPseudoTrigger(
      engine,
      unitPixels(taught.images.subarray(first * size, (first + each) * size), clean.imageShape),
      trigger,
    );
    for (let i = 0; i < each; i++) {
      imageAt(taught, first + i).set(changed.data.subarray(i * size, (i + 1) * size).map((pixel) => Math.round(pixel * 255)));
    }
  }
  return taught;
}
