import { checkInterrupted } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { Random } from '../../core/random.js';
import { type Tensor, tensor } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { type ConvLayer, countMaps } from '../../nn/feature-maps.js';
import type { Engine } from '../../runtime/engine.js';
import { type Budget, LayerDisturbance, type Stack } from './disturb.js';
import { Ranking } from './rank.js';
import { cutSlices, type ScanImages } from './slices.js';
import { type Fate, Tally } from './tally.js';

export type { ScanImages } from './slices.js';
export type { Fate } from './tally.js';

export interface ScanOptions extends Control {
  /** Largest change of a pixel, 0..1. */
  readonly eps: number;
  /** Size of the random start, and of each step where there are several. */
  readonly alpha: number;
  /** 1: one step of eps (FGSM); more: projected gradient ascent with steps of alpha. */
  readonly steps: number;
  /** Images that go through the network at once. */
  readonly scanBatch: number;
  /** Draws the start, which all maps of all layers share. */
  readonly random: Random;
}

/** What became of the network under every map's own adversarial inputs, by layer name. */
export type ScanResult = Readonly<Record<string, readonly Fate[]>>;

/**
 * The scan of FMP (Huang et al., "Adversarial Feature Map Pruning for Backdoor", ICLR 2024): for every feature map, the
 * inputs that disturb it most, and the whole network's accuracy on them. Pixels stay in [0, 1] and within eps of the clean
 * images; the network stands in its inference form throughout.
 * @throws Interrupted when the signal fires.
 */
export async function scan(
  engine: Engine,
  classifier: Classifier,
  layers: readonly ConvLayer[],
  images: ScanImages,
  options: ScanOptions,
): Promise<ScanResult> {
  const { eps, alpha, steps, scanBatch, random, progress, signal } = options;
  const budget: Budget = { eps, steps, stepSize: steps === 1 ? eps : alpha };
  const slices = cutSlices(images, randomStart(images.pixels, alpha, random), Math.min(32, scanBatch));
  const [{ labels }] = slices;
  const most = Math.max(1, Math.floor(scanBatch / labels.length));
  const total = countMaps(layers);
  const ranking = await Ranking.compile(engine, classifier, labels.length);
  const result: Record<string, Fate[]> = {};
  let done = 0;
  try {
    for (const layer of layers) {
      const stack: Stack = { group: Math.min(most, layer.channels), images: labels.length };
      const disturbance = await LayerDisturbance.compile(engine, classifier, layer, stack, budget);
      const tallies = Array.from({ length: layer.channels }, () => new Tally(classifier.classes));
      try {
        for (const slice of slices) {
          await disturbance.prepare(slice.clean, slice.start);
          await ranking.prepare(slice.clean, slice.labels);
          for (let first = 0; first < layer.channels; first += stack.group) {
            checkInterrupted(signal, `while scanning ${layer.name}`);
            const channels = Array.from({ length: Math.min(stack.group, layer.channels - first) }, (_, i) => first + i);
            const { predicted, losses } = await ranking.run(await disturbance.run(channels));
            channels.forEach((channel, map) => {
              for (let i = 0; i < slice.count; i++) {
                const at = map * labels.length + i;
                tallies[channel].add(slice.labels[i], predicted[at], losses[at]);
              }
            });
            done += channels.length / slices.length;
            progress?.({ phase: 'scan', done: Math.floor(done + 1e-6), total, unit: 'map' });
          }
        }
      } finally {
        await disturbance.release();
      }
      result[layer.name] = tallies.map((tally) => tally.fate());
    }
    return result;
  } finally {
    await ranking.release();
  }
}

/** Every pixel moved by alpha up or down at random, kept in [0, 1]; without it the gradient at the start would be zero. */
function randomStart({ dims, data }: Tensor<'float32'>, alpha: number, random: Random): Tensor<'float32'> {
  const moves = Float32Array.from(data, (pixel) => {
    const moved = pixel + (random.uniform() < 0.5 ? -alpha : alpha);
    return Math.min(1, Math.max(0, moved)) - pixel;
  });
  return tensor('float32', dims, moves);
}
