import { tensor } from '../../../core/tensor.js';
import type { ScanImages } from '../scan.js';
import { pushedProbabilities } from './pushed.js';
import type { Strategy } from './strategy.js';

/** Images that a change has to be universal over; few, as every map has a change of its own. */
const IMAGES = 32;
/** Images times maps that go through the network at once. */
const ROWS = 512;
/** Gradient steps. */
const STEPS = 3;

/**
 * A backdoor is universal (one change works on every image) and collapsing (everything goes to one class). So each map is raised
 * by one change that all images share, and its score is the largest mean probability of any class among the images of others.
 * Needs no idea of what the trigger looks like.
 */
export const universal: Strategy = {
  name: 'universal',
  summary: 'how many images one change that raises the map on all of them sends to a single class',
  async rank({ engine, model, layers, images, options, progress, signal }) {
    const { pixels, labels } = everyNth(images, IMAGES);
    const found = await pushedProbabilities(engine, model, layers, pixels, labels, {
      eps: options.push_eps,
      steps: STEPS,
      rows: ROWS,
      progress,
      signal,
    });
    const { classes } = model;
    const scores = Object.fromEntries(
      layers.map(({ name, channels }) => [
        name,
        Float32Array.from({ length: channels }, (_, c) => Math.max(...found[name].subarray(c * classes, (c + 1) * classes))),
      ]),
    );
    return { scores, by: 'the largest share of images that one change, which raises the map on all of them, sends to a single class' };
  },
};

/** So many images, evenly spread over the sample, which is in class order. */
function everyNth({ pixels, labels }: ScanImages, count: number): ScanImages {
  if (labels.length <= count) return { pixels, labels };
  const size = pixels.data.length / labels.length;
  const chosen = Int32Array.from({ length: count }, (_, i) => Math.floor((i * labels.length) / count));
  const data = new Float32Array(count * size);
  chosen.forEach((from, i) => {
    data.set(pixels.data.subarray(from * size, (from + 1) * size), i * size);
  });
  return { pixels: tensor('float32', [count, ...pixels.dims.slice(1)], data), labels: chosen.map((from) => labels[from]) };
}
