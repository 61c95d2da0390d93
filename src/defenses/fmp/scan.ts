import { checkInterrupted } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { Random } from '../../core/random.js';
import { type Tensor, tensor } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { type ConvLayer, countMaps } from '../../nn/feature-maps.js';
import type { Engine } from '../../runtime/engine.js';
import type { Budget } from './disturb.js';
import { IMAGES_PER_LOOK, race } from './race.js';
import type { Margins } from './race-model.js';
import type { FinishedLayers, ScannedLayer } from './scan-checkpoint.js';
import { Scanner } from './scanner.js';
import { cutSlices, type ScanImages } from './slices.js';
import { type Fate, Tally } from './tally.js';
import { Remaining, workPerMap } from './work.js';

export type { ScanImages } from './slices.js';
export type { Fate } from './tally.js';

/** A scan that only has to find the worst maps of each layer. */
export interface RaceOptions {
  /** How many maps of a layer are wanted. */
  wanted(layer: ConvLayer): number;
  /** Chance, for each of them, that it is dropped; above 0, below 1. */
  readonly error: number;
}

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
  /** Without it every map is looked at on every image. */
  readonly race?: RaceOptions;
  /** Gives the layers that are finished already and keeps each that becomes so. */
  readonly finished?: FinishedLayers;
}

/** What became of the network under every map's own adversarial inputs, by layer name. */
export type ScanResult = Readonly<Record<string, readonly Fate[]>>;

const MEMORY = 1024;

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
  const { alpha, random, memory = MEMORY, finished, progress, signal } = options;
  const start = randomStart(images.pixels, alpha, random);
  const scanner = await Scanner.create({
    engine,
    classifier,
    images: images.labels.length,
    budget: budgetOf(options),
    memory,
    slice: options.race && IMAGES_PER_LOOK,
  });
  try {
    const work = workPerMap(scanner.trace(1), layers, options.steps);
    const open = layers.map(({ name, channels }, i) => (finished?.get(name) ? 0 : work[i] * channels));
    const remaining = new Remaining(open.reduce((sum, share) => sum + share, 0));
    const total = countMaps(layers);
    const result: Record<string, readonly Fate[]> = {};
    let known: Margins | undefined;
    let before = 0;
    for (const [i, layer] of layers.entries()) {
      let done = 0;
      const note = (maps: number) => {
        const secondsLeft = remaining.add(work[i] * (maps - done));
        done = maps;
        progress?.({ phase: 'scan', done: Math.floor(before + maps), total, unit: 'map', secondsLeft });
      };
      const task = { scanner, layer, classes: classifier.classes, images, start, known, note, signal };
      const kept = finished?.get(layer.name);
      const found: ScannedLayer = kept ?? (await scanLayer(task, options.race));
      if (!kept) await finished?.add(layer.name, found);
      result[layer.name] = found.fates;
      known = found.margins;
      before += layer.channels;
    }
    return result;
  } finally {
    await scanner.release();
  }
}

/** How far and in what steps pixels are moved. */
function budgetOf({ eps, alpha, steps }: ScanOptions): Budget {
  return { eps, steps, stepSize: steps === 1 ? eps : alpha };
}

interface LayerTask {
  readonly scanner: Scanner;
  readonly layer: ConvLayer;
  readonly classes: number;
  readonly images: ScanImages;
  readonly start: Tensor<'float32'>;
  readonly known?: Margins;
  note(maps: number): void;
  readonly signal?: AbortSignal;
}

function scanLayer(task: LayerTask, options: RaceOptions | undefined): Promise<ScannedLayer> {
  return options ? race({ ...task, wanted: options.wanted(task.layer), error: options.error }) : scanAll(task);
}

/** Every map on every image. */
async function scanAll({ scanner, layer, classes, images, start, note, signal }: LayerTask): Promise<ScannedLayer> {
  const all = Array.from({ length: layer.channels }, (_, channel) => channel);
  const tallies = all.map(() => new Tally(classes));
  const slices = cutSlices(images, start, scanner.stack.images);
  const scans = await scanner.layer(layer);
  try {
    for (const [part, slice] of slices.entries()) {
      await scans.use(slice);
      for await (const { channels, answers } of scans.run(all)) {
        checkInterrupted(signal, `while scanning ${layer.name}`);
        channels.forEach((channel, map) => {
          tallies[channel].addSlice(slice, answers, map);
        });
        note((part * all.length + channels[channels.length - 1] + 1) / slices.length);
      }
    }
    return { fates: tallies.map((tally) => tally.fate()) };
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
