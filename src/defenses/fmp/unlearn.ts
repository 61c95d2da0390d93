import type { Random } from '../../core/random.js';
import { type Dataset, imageAt, pixelsPerImage, subset } from '../../data/dataset.js';
import { unitPixels } from '../../nn/pixels.js';
import type { Engine } from '../../runtime/engine.js';
import { type PseudoTrigger, withPseudoTrigger } from '../inversion/pseudo-trigger.js';

/**
 * Clean images and, after them, copies of some with pseudo-triggers on them and their true labels: what fine-tuning on them
 * teaches is that the shortcut no longer pays (unlearning, as in Wang et al., "Neural Cleanse", S&P 2019).
 *
 * The copies are of images of other classes than their trigger's, drawn at random without replacement, and shared out equally among
 * the triggers.
 * @param triggers the data set comes back as it is where there are none.
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
  const each = Math.floor((share * clean.labels.length) / triggers.length);
  const left = new Set(random.permutation(clean.labels.length));
  const shares = triggers.map(({ target }) => {
    const chosen = [...left].filter((i) => clean.labels[i] !== target).slice(0, each);
    for (const i of chosen) left.delete(i);
    return chosen;
  });
  const copied = shares.flat();
  const size = pixelsPerImage(clean);
  const all = Array.from(clean.labels.keys());
  const taught = subset(clean, [...all, ...copied], `${clean.split}, ${copied.length} again with pseudo-triggers`);
  let first = all.length;
  for (const [number, trigger] of triggers.entries()) {
    const count = shares[number].length;
    if (count === 0) continue;
    const changed = await withPseudoTrigger(
      engine,
      unitPixels(taught.images.subarray(first * size, (first + count) * size), clean.imageShape),
      trigger,
    );
    for (let i = 0; i < count; i++) {
      imageAt(taught, first + i).set(changed.data.subarray(i * size, (i + 1) * size).map((pixel) => Math.round(pixel * 255)));
    }
    first += count;
  }
  return taught;
}
