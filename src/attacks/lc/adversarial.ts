import { checkInterrupted } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { type Dataset, pixelsPerImage, sizeOfDataset } from '../../data/dataset.js';
import type { Classifier } from '../../nn/classifier.js';
import { unitPixels } from '../../nn/pixels.js';
import type { Engine } from '../../runtime/engine.js';
import { compileLabelGradient } from '../input-gradient.js';

export interface AdversarialSearch {
  /** Largest change of a pixel, in 8-bit levels. */
  readonly eps: number;
  /** Change of a pixel in one step, in 8-bit levels. */
  readonly step: number;
  readonly steps: number;
}

/** Images at a time. */
const BATCH = 50;

/**
 * Adversarial versions of labelled images: projected gradient descent (Madry et al., ICLR 2018) up the cross-entropy to their
 * labels along the gradient's sign, without a random start, rounded to 8 bits in the end.
 * @returns 8-bit pixels [N, C, H, W].
 */
export async function adversarialImages(
  dataset: Dataset,
  model: Classifier,
  { eps, step, steps }: AdversarialSearch,
  { engine, progress, signal }: Control & { engine: Engine },
): Promise<Uint8Array<ArrayBuffer>> {
  const size = pixelsPerImage(dataset);
  const count = sizeOfDataset(dataset);
  const batch = Math.min(BATCH, count);
  const changed = new Uint8Array(dataset.images.length);
  const program = await compileLabelGradient(engine, model, batch);
  const [reach, pace] = [eps / 255, step / 255];
  try {
    for (let start = 0; start < count; start += batch) {
      // The last batch overlaps the one before, so that it is full.
      const first = Math.min(start, count - batch);
      const labels = dataset.labels.subarray(first, first + batch);
      const clean = unitPixels(dataset.images.subarray(first * size, (first + batch) * size), dataset.imageShape).data;
      let images = clean.slice();
      for (let i = 0; i < steps; i++) {
        checkInterrupted(signal, `after ${start} of ${count} adversarial images; run it again to start over`);
        const { gradient } = await program.run(images, labels);
        images = images.map((pixel, at) => {
          const moved = Math.min(clean[at] + reach, Math.max(clean[at] - reach, pixel + pace * Math.sign(gradient[at])));
          return Math.min(1, Math.max(0, moved));
        });
      }
      images.forEach((pixel, at) => {
        changed[first * size + at] = Math.round(255 * pixel);
      });
      progress?.({ phase: 'adversarial images', done: first + batch, total: count, unit: 'image' });
    }
  } finally {
    await program.release();
  }
  return changed;
}
