import type { Random } from '../../core/random.js';
import type { Dataset } from '../../data/dataset.js';
import type { Classifier } from '../../nn/classifier.js';
import type { ConvLayer } from '../../nn/feature-maps.js';
import type { Engine } from '../../runtime/engine.js';
import type { DefenseContext, FeatureMap } from '../defense.js';
import type { Selection } from '../prune.js';
import { correctedChances } from './beyond-doubt.js';
import type { FmpOptions } from './options.js';
import { type ScanImages, type ScanOptions, type ScanResult, scan } from './scan.js';
import { keepLayers, scanKey } from './scan-checkpoint.js';
import { freshCount, select } from './select.js';
import { findStrategy } from './strategies/registry.js';
import type { Ranked } from './strategies/strategy.js';
import type { Timed } from './timing.js';
import { higherCluster } from './two-means.js';

/** A model, and what is pruned of it already. */
export interface LookTask {
  readonly model: Classifier;
  readonly layers: readonly ConvLayer[];
  readonly clean: Dataset;
  readonly images: ScanImages;
  /** Maps that were pruned before; they stay so. */
  readonly before: Selection;
  /** Share of the maps to be pruned that are to be chosen by now, above 0 up to 1. */
  readonly share: number;
}

/** What was seen: every map, and what a ranking found besides. */
export interface Looked extends Required<Pick<Ranked, 'by' | 'triggers'>> {
  readonly maps: Readonly<Record<string, readonly FeatureMap[]>>;
}

/** Ranks all maps of a model and chooses which to prune; scans them only if the ranking asks for it. */
export async function look(task: LookTask, options: FmpOptions, context: DefenseContext, timed: Timed): Promise<Looked> {
  const { engine, random, progress, signal } = context;
  const { model, layers, images } = task;
  let scanned: Promise<ScanResult> | undefined;
  const scanOnce = () =>
    (scanned ??= timed('scan', async () => {
      const settings = scanOptions(task, options);
      const start = random.fork('scan start');
      const finished =
        context.store &&
        (await keepLayers(context.store, `scan-${Math.round(100 * task.share)}`, await keyOf(task, settings, start, engine)));
      return scan(engine, model, layers, images, { ...settings, random: start, finished, progress, signal });
    }));
  if (options.scan_always || options.selection === 'binomial') await scanOnce();
  const ranked = await timed('rank', () =>
    findStrategy(options.ranking).rank({ ...context, ...task, options, random: random.fork('rank'), scan: scanOnce }),
  );
  return { maps: judge(task, ranked, await scanned, options), by: ranked.by, triggers: ranked.triggers ?? [] };
}

type ScanSettings = Pick<ScanOptions, 'eps' | 'alpha' | 'steps' | 'memory' | 'race'>;

/** How the maps are scanned. */
function scanOptions({ before, share }: LookTask, options: FmpOptions): ScanSettings {
  const { eps, alpha, steps, scan_memory: memory, p, min_per_layer: minPerLayer, race_error: error } = options;
  const wanted = ({ name, channels }: ConvLayer) => freshCount(channels, { p, minPerLayer }, before[name], share);
  return { eps, alpha, steps, memory, ...(options.scan === 'racing' && { race: { wanted, error } }) };
}

/** Everything that a scan's numbers depend on, to the last digit. Two starts are the same if what they draw next is. */
function keyOf(
  { model, layers, images }: LookTask,
  { race, ...rest }: ScanSettings,
  start: Random,
  { device, threads }: Engine,
): Promise<string> {
  const racing = race && { error: race.error, wanted: layers.map(race.wanted) };
  return scanKey(model, images, { ...rest, racing, start: start.fork('key').uint32(), device, threads });
}

function judge(task: LookTask, { scores }: Ranked, scanned: ScanResult | undefined, options: FmpOptions): Record<string, FeatureMap[]> {
  const chances = options.selection === 'binomial' && scanned ? correctedChances(scanned) : undefined;
  return Object.fromEntries(
    task.layers.map(({ name }) => {
      const maps = Array.from(scores[name], (suspicion, channel) => ({
        channel,
        ...fateOf(scanned, name, channel),
        suspicion,
        ...(chances && { chance: chances[name][channel] }),
      }));
      const chosen = new Set(choose(maps, task.before[name] ?? [], task.share, options));
      return [name, maps.map((map) => ({ ...map, pruned: chosen.has(map.channel) }))];
    }),
  );
}

/** Channels of one layer to prune; those that were pruned before stay so, and one map is left in any case. */
function choose(maps: readonly Omit<FeatureMap, 'pruned'>[], before: readonly number[], share: number, options: FmpOptions): number[] {
  const { selection, selection_error, p, min_per_layer } = options;
  if (selection === 'fraction') return select(maps, { p, minPerLayer: min_per_layer }, before, share);
  const found =
    selection === 'two-means'
      ? higherCluster(maps.map(({ suspicion }) => suspicion))
      : maps.filter(({ chance = 1 }) => chance < selection_error).map(({ channel }) => channel);
  const all = [...new Set([...before, ...found])].toSorted((a, b) => a - b);
  return all.slice(0, maps.length - 1);
}

function fateOf(scanned: ScanResult | undefined, layer: string, channel: number): Pick<FeatureMap, 'accuracy' | 'loss' | 'images'> {
  if (!scanned) return {};
  const fates = scanned[layer];
  const { accuracy, loss, images } = fates[channel];
  // What a race dropped was seen on other images than the rest, so its loss compares with nothing.
  return images < Math.max(...fates.map((fate) => fate.images)) ? { accuracy, images } : { accuracy, loss };
}
