import { checkInterrupted } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { Random } from '../../core/random.js';
import { type Tensor, tensor } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { type ConvLayer, countMaps } from '../../nn/feature-maps.js';
import type { Engine } from '../../runtime/engine.js';
import type { Budget } from './disturb.js';
import { Scanner } from './scanner.js';
import { cutSlices, type ScanImages, type Slice } from './slices.js';
import { type Fate, Tally } from './tally.js';
import { Remaining, workPerMap } from './work.js';

export type { ScanImages } from './slices.js';
export type { Fate } from './tally.js';

export interface ScanOptions extends Control {
  /** Largest change of a pixel, 0..1. */
  readonly eps: number;
  /** Size of the random start, and of each step where there are several. */
  readonly alpha: number;
  /** 1: one step of eps (FGSM); more: projected gradient ascent with steps of alpha. */
  readonly steps: number;
  /** What the scan may take beside the network's weights, in MiB; default 1024. */
  readonly memory?: number;
  /** Draws the start, which all maps of all layers share. */
  readonly random: Random;
  /** Layers that were scanned before, and where each goes as it is finished; see {@link ScanStore}. */
  readonly finished?: FinishedLayers;
}

/** What is kept of a scan from layer to layer. */
export interface FinishedLayers {
  get(layer: string): readonly Fate[] | undefined;
  add(layer: string, fates: readonly Fate[]): Promise<void>;
}

/** What became of the network under every map's own adversarial inputs, by layer name. */
export type ScanResult = Readonly<Record<string, readonly Fate[]>>;

/**
 * The scan of FMP (Huang et al., "Adversarial Feature Map Pruning for Backdoor", ICLR 2024): for every feature map, the
 * inputs that disturb it most, and the whole network's accuracy on them. Pixels stay in [0, 1] and within eps of the clean
 * images; the network stands in its inference form throughout.
 * @throws Interrupted when the signal fires; finished layers are kept.
 */
export async function scan(
  engine: Engine,
  classifier: Classifier,
  layers: readonly ConvLayer[],
  images: ScanImages,
  options: ScanOptions,
): Promise<ScanResult> {
  const { alpha, random, memory = 1024, finished, progress, signal } = options;
  const task = { engine, classifier, images: images.labels.length, budget: budgetOf(options), memory };
  const scanner = await Scanner.create(task);
  try {
    const slices = cutSlices(images, randomStart(images.pixels, alpha, random), scanner.stack.images);
    const work = workPerMap(scanner.trace(1), layers, options.steps);
    const open = layers.reduce((sum, layer, i) => sum + (finished?.get(layer.name) ? 0 : work[i] * layer.channels), 0);
    const remaining = new Remaining(open * slices.length);
    const total = countMaps(layers);
    const result: Record<string, readonly Fate[]> = {};
    let before = 0;
    for (const [i, layer] of layers.entries()) {
      const note = (done: number, maps: number) =>
        progress?.({ phase: 'scan', done: before + Math.floor(done), total, unit: 'map', secondsLeft: remaining.add(work[i] * maps) });
      const known = finished?.get(layer.name);
      result[layer.name] = known ?? (await scanLayer(scanner, layer, slices, classifier.classes, { note, signal }));
      if (!known) await finished?.add(layer.name, result[layer.name]);
      before += layer.channels;
    }
    return result;
  } finally {
    await scanner.release();
  }
}

export function budgetOf({ eps, alpha, steps }: Pick<ScanOptions, 'eps' | 'alpha' | 'steps'>): Budget {
  return { eps, steps, stepSize: steps === 1 ? eps : alpha };
}

interface LayerControl {
  /** Called with the layer's maps done so far, and with how many were looked at just now on one slice. */
  note(done: number, maps: number): void;
  readonly signal?: AbortSignal;
}

async function scanLayer(
  scanner: Scanner,
  layer: ConvLayer,
  slices: readonly Slice[],
  classes: number,
  { note, signal }: LayerControl,
): Promise<Fate[]> {
  const all = Array.from({ length: layer.channels }, (_, channel) => channel);
  const tallies = all.map(() => new Tally(classes));
  const scans = await scanner.layer(layer);
  try {
    for (const [s, slice] of slices.entries()) {
      await scans.use(slice);
      for await (const { channels, answers } of scans.run(all)) {
        checkInterrupted(signal, `while scanning ${layer.name}`);
        channels.forEach((channel, map) => {
          tallies[channel].addSlice(slice, answers, map);
        });
        note((s * all.length + channels[channels.length - 1] + 1) / slices.length, channels.length);
      }
    }
    return tallies.map((tally) => tally.fate());
  } finally {
    await scans.release();
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
