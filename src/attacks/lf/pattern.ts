import { checkInterrupted } from '../../core/errors.js';
import { argmaxRows, sizeOf } from '../../core/tensor.js';
import { type Dataset, sizeOfDataset, subset } from '../../data/dataset.js';
import type { Classifier } from '../../nn/classifier.js';
import { unitPixels } from '../../nn/pixels.js';
import type { AttackContext } from '../attack.js';
import { compileLabelGradient } from '../input-gradient.js';
import { lowPass } from './low-pass.js';

/** How the pattern of LF is looked for. */
export interface PatternSearch {
  readonly target: number;
  /** Brightest value of the pattern, as a share of white. */
  readonly strength: number;
  /** How many training images it is found on; all where there are fewer. */
  readonly images: number;
  /** Passes over them at most. */
  readonly passes: number;
  /** Stop when the pattern changes the prediction for such a share of them. */
  readonly foolingRate: number;
}

/** Images per step; as many as there are where there are fewer. */
const BATCH = 50;

/**
 * Looks for a smooth change of all images that moves predictions towards the target: after each step down the cross-entropy
 * to the target, the change is filtered and stretched to 0..strength. The published search steps by DeepFool, one image at a time;
 * a step here follows the mean gradient over a batch, scaled to half the range.
 * @returns 8-bit values [C, H, W], 0 the smallest.
 */
export async function findPattern(
  train: Dataset,
  search: PatternSearch,
  model: Classifier,
  { engine, random, progress, signal }: AttackContext,
): Promise<Uint8Array<ArrayBuffer>> {
  const { target, strength, passes } = search;
  const { imageShape } = train;
  const count = Math.min(search.images, sizeOfDataset(train));
  const batch = Math.min(BATCH, count);
  const chosen = random.fork('images').permutation(sizeOfDataset(train)).subarray(0, count);
  const images = unitPixels(subset(train, chosen, 'chosen').images, imageShape).data;
  const size = sizeOf(imageShape);
  const program = await compileLabelGradient(engine, model, batch);
  const labels = new Int32Array(batch).fill(target);
  try {
    /** The last batch is filled up from the front. */
    const take = (start: number, change?: Float64Array) =>
      Float32Array.from({ length: batch * size }, (_, i) => {
        const pixel = images[(start * size + i) % images.length];
        return change ? Math.min(1, pixel + change[i % size]) : pixel;
      });
    const starts = Array.from({ length: Math.ceil(count / batch) }, (_, i) => i * batch);
    const predict = async (change?: Float64Array) => {
      const each = [];
      for (const start of starts) each.push(...argmaxRows((await program.run(take(start, change), labels)).logits, model.classes));
      return each.slice(0, count);
    };
    const clean = await predict();
    let change: Float64Array = new Float64Array(size);
    const rates: number[] = [];
    for (let pass = 0; pass < passes; pass++) {
      for (const start of starts) {
        checkInterrupted(signal, 'while looking for the pattern; run it again to start over');
        const { gradient } = await program.run(take(start, change), labels);
        change = descend(change, gradient, strength, imageShape);
      }
      const predicted = await predict(change);
      rates.push(predicted.filter((label, i) => label !== clean[i]).length / count);
      progress?.({ phase: 'pattern', done: pass + 1, total: passes, unit: 'pass', figures: { fooled: rates[pass] } });
      const last = rates.slice(-5);
      const settled = last.length === 5 && Math.max(...last) - Math.min(...last) < 0.01;
      if (rates[pass] >= search.foolingRate || settled) break;
    }
    return Uint8Array.from(change, (value) => Math.round(255 * value));
  } finally {
    await program.release();
  }
}

/** One step against the sum of the images' gradients, filtered twice as published, and stretched. */
function descend(change: Float64Array, gradient: Float32Array, strength: number, imageShape: Dataset['imageShape']): Float64Array {
  const total = new Float64Array(change.length);
  gradient.forEach((value, i) => {
    total[i % total.length] -= value;
  });
  const smooth = lowPass(total, imageShape);
  const largest = smooth.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  return stretch(
    lowPass(
      change.map((value, i) => value + (smooth[i] / largest) * (strength / 2)),
      imageShape,
    ),
    strength,
  );
}

/** Scales so that the smallest value becomes 0 and the largest `most`. */
function stretch(values: Float64Array, most: number): Float64Array {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return values.map((value) => (high > low ? (most * (value - low)) / (high - low) : most));
}
