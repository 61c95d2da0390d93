import { checkInterrupted } from '../../core/errors.js';
import { normalQuantile } from '../../core/normal.js';
import type { Tensor } from '../../core/tensor.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import { type Forecast, type Margins, marginsOf, RaceModel } from './race-model.js';
import type { LayerScanner, Scanner } from './scanner.js';
import { cutSlices, type ScanImages } from './slices.js';
import { type Fate, Tally } from './tally.js';

/** Images that are looked at before it is asked again which maps to drop, at most: fewer, and less is seen in vain. */
export const IMAGES_PER_LOOK = 16;
/** Maps that go through to the end after the first look, for each one that is wanted. */
const LEADERS = 2;
/** What the spread of forecasts is taken to be before any was compared with what came: as if so many had been right. */
const PRIOR_FORECASTS = 2;

export interface RaceTask {
  readonly scanner: Scanner;
  readonly layer: ConvLayer;
  readonly classes: number;
  readonly images: ScanImages;
  /** First perturbation of each image. */
  readonly start: Tensor<'float32'>;
  /** How many of the layer's worst maps are wanted. */
  readonly wanted: number;
  /** Chance that one of them is dropped, above 0, below 1. */
  readonly error: number;
  /** What is known of the images from the layers before; undefined in the first. */
  readonly known?: Margins;
  /** Called with the number of maps settled so far. */
  note(settled: number): void;
  readonly signal?: AbortSignal;
}

/** The outcome of a race, and what it tells of the images. */
export interface Raced {
  readonly fates: Fate[];
  readonly margins: Margins;
}

/**
 * Finds the worst maps of a layer without looking at every map on every image; see docs/fmp.md for the derivation.
 *
 * Every map is looked at on the images that tell most ({@link RaceModel.byInformation}). Those that look worst then go through
 * all images, which settles how bad a map has to be: the wanted-th of those finished is a bound that can only rise. The
 * others go on, some images at a time, and are dropped as soon as the forecast says that they will not reach the bound, but for a
 * chance that is shared out over the looks. Whatever is not dropped goes through all images, so what is selected is selected
 * as the exact scan does. The spread of forecasts is corrected by how far those of the first finishers were off.
 *
 * The first layer goes through all images; the margins that it shows are what the next layers' forecasts begin from.
 */
export async function race(task: RaceTask): Promise<Raced> {
  const scans = await task.scanner.layer(task.layer);
  try {
    const runners = new Runners(task, scans);
    return await (task.known ? raceFrom(task, task.known, runners) : lookAtAll(task, runners));
  } finally {
    await scans.release();
  }
}

async function lookAtAll({ note }: RaceTask, runners: Runners): Promise<Raced> {
  await runners.look(runners.maps, runners.images);
  note(runners.maps.length);
  return { fates: runners.maps.map((map) => runners.tallies[map].fate()), margins: marginsOf(runners.margins) };
}

async function raceFrom(task: RaceTask, known: Margins, runners: Runners): Promise<Raced> {
  const { scanner, wanted, error, note } = task;
  const { maps, images, tallies } = runners;
  const size = scanner.stack.images;
  const model = new RaceModel(runners.margins, known);
  const seen = new Set(model.byInformation([]).slice(0, size));
  const unseen = () => images.filter((image) => !seen.has(image));
  await runners.look(maps, [...seen]);
  model.fit();

  const forecasts = maps.map((map) => model.forecast(map));
  const order = maps.toSorted((a, b) => forecasts[b].mean - forecasts[a].mean || a - b);
  const finished = order.slice(0, LEADERS * Math.max(1, wanted));
  await runners.look(finished, unseen());
  const spread = dispersion(finished.map((map) => ({ forecast: forecasts[map], came: tallies[map].wrong })));
  const z = normalQuantile(error / Math.ceil(images.length / size));

  let open = order.slice(finished.length);
  while (open.length > 0) {
    const bound = boundOf(
      finished.map((map) => tallies[map].wrong),
      wanted,
    );
    open = open.filter((map) => forecasts[map].mean + z * Math.sqrt(spread * forecasts[map].variance) >= bound);
    note(maps.length - open.length);
    const next = model
      .byInformation(open)
      .filter((image) => !seen.has(image))
      .slice(0, size);
    if (next.length === 0) finished.push(...open.splice(0));
    for (const image of next) seen.add(image);
    await runners.look(open, next);
    model.fit();
    for (const map of open) forecasts[map] = model.forecast(map);
  }
  const fates = maps.map((map) => {
    const fate = tallies[map].fate();
    return fate.images === images.length ? fate : { ...fate, accuracy: 1 - forecasts[map].mean / images.length };
  });
  return { fates, margins: model.margins() };
}

/** How many images a map has to be wrong on: as many as the wanted-th of those that are finished. */
function boundOf(wrong: readonly number[], wanted: number): number {
  return wanted === 0 ? Number.POSITIVE_INFINITY : (wrong.toSorted((a, b) => b - a)[wanted - 1] ?? 0);
}

/** Mean square of what forecasts were off by, in units of their variance, and at least 1. */
function dispersion(finished: readonly { readonly forecast: Forecast; readonly came: number }[]): number {
  const squares = finished.reduce((sum, { forecast, came }) => sum + (came - forecast.mean) ** 2, PRIOR_FORECASTS);
  const variances = finished.reduce((sum, { forecast }) => sum + forecast.variance, PRIOR_FORECASTS);
  return Math.max(1, squares / variances);
}

/** The maps of a layer, and what was seen of each so far. */
class Runners {
  readonly maps: readonly number[];
  readonly images: readonly number[];
  readonly tallies: readonly Tally[];
  /** Margins by map and image; NaN where not seen. */
  readonly margins: readonly Float64Array[];
  readonly #task: RaceTask;
  readonly #scans: LayerScanner;

  constructor(task: RaceTask, scans: LayerScanner) {
    this.#task = task;
    this.#scans = scans;
    const total = task.images.labels.length;
    this.maps = Array.from({ length: task.layer.channels }, (_, map) => map);
    this.images = Array.from({ length: total }, (_, image) => image);
    this.tallies = this.maps.map(() => new Tally(task.classes));
    this.margins = this.maps.map(() => new Float64Array(total).fill(Number.NaN));
  }

  /** Looks at some maps on some images. */
  async look(maps: readonly number[], chosen: readonly number[]): Promise<void> {
    const { scanner, images, start, layer, signal } = this.#task;
    if (maps.length === 0 || chosen.length === 0) return;
    const size = scanner.stack.images;
    for (const [part, slice] of cutSlices(images, start, size, chosen).entries()) {
      await this.#scans.use(slice);
      for await (const { channels, answers } of this.#scans.run(maps)) {
        checkInterrupted(signal, `while scanning ${layer.name}`);
        channels.forEach((map, position) => {
          this.tallies[map].addSlice(slice, answers, position);
          for (let i = 0; i < slice.count; i++) this.margins[map][chosen[part * size + i]] = answers.margins[position * size + i];
        });
      }
    }
  }
}
