import type { Random } from '../../core/random.js';
import { type Dataset, sizeOfDataset } from '../../data/dataset.js';
import { stratified } from '../../data/sample.js';
import { type ConvLayer, convLayers } from '../../nn/feature-maps.js';
import { unitPixels } from '../../nn/pixels.js';
import type { Defense, FeatureMap } from '../defense.js';
import { prepareFineTune } from '../fine-tune.js';
import { prune } from '../prune.js';
import { type FmpOptions, fmpOptions } from './options.js';
import { type ScanImages, type ScanResult, scan } from './scan.js';
import { select } from './select.js';
import { findStrategy } from './strategies/registry.js';
import type { Ranked } from './strategies/strategy.js';

/** Adversarial feature-map pruning: scan every map, silence the most suspicious of each layer, fine-tune. */
export const fmp: Defense<typeof fmpOptions> = {
  name: 'fmp',
  title: 'FMP',
  summary: 'Disturbs every feature map in turn, prunes the most suspicious of each layer, and fine-tunes.',
  paper: {
    title: 'Adversarial Feature Map Pruning for Backdoor',
    authors: 'Huang, Bu',
    venue: 'ICLR',
    year: 2024,
  },
  options: fmpOptions,

  async repair({ model, clean }, options, context) {
    const { engine, random, progress, signal } = context;
    const fineTune = prepareFineTune(clean, options, context);
    const seconds: Record<string, number> = {};
    const timed = async <T>(phase: string, work: () => Promise<T>): Promise<T> => {
      const started = performance.now();
      const result = await work();
      seconds[phase] = (performance.now() - started) / 1000;
      return result;
    };
    const layers = convLayers(model.graph);
    const images = scanImages(clean, options.scan_images, random.fork('scan images'));
    const { eps, alpha, steps, scan_batch: scanBatch } = options;
    let scanned: Promise<ScanResult> | undefined;
    const scanOnce = () =>
      (scanned ??= timed('scan', () =>
        scan(engine, model, layers, images, { eps, alpha, steps, scanBatch, random: random.fork('scan start'), progress, signal }),
      ));
    if (options.scan_always) await scanOnce();
    const ranked = await timed('rank', () =>
      findStrategy(options.ranking).rank({
        ...context,
        model,
        layers,
        clean,
        images,
        options,
        random: random.fork('rank'),
        scan: scanOnce,
      }),
    );
    if (seconds.scan !== undefined && !options.scan_always) seconds.rank -= seconds.scan;
    const maps = judge(layers, ranked, await scanned, options);
    const selection = Object.fromEntries(
      Object.entries(maps).map(([layer, list]) => [layer, list.filter((map) => map.pruned).map((map) => map.channel)]),
    );
    const pruned = prune(model, layers, selection);
    const masks = options.hold_masks ? pruned.masks : undefined;
    const { classifier, history } = await timed('fine-tune', () => fineTune(pruned.classifier, masks));
    return { model: classifier, pruned: selection, maps, history, rule: explain(options, images, ranked), seconds };
  },
};

/** A fixed sample of the clean images, the same number of each class, as pixels and without augmentation. */
function scanImages(clean: Dataset, count: number, random: Random): ScanImages {
  const chosen = count < sizeOfDataset(clean) ? stratified(clean, { count }, random) : clean;
  return { pixels: unitPixels(chosen.images, chosen.imageShape), labels: chosen.labels };
}

function judge(
  layers: readonly ConvLayer[],
  { scores }: Ranked,
  scanned: ScanResult | undefined,
  { p, min_per_layer }: FmpOptions,
): Record<string, FeatureMap[]> {
  const rule = { p, minPerLayer: min_per_layer };
  return Object.fromEntries(
    layers.map(({ name }) => {
      const maps = Array.from(scores[name], (suspicion, channel) => ({ channel, ...scanned?.[name][channel], suspicion }));
      const chosen = new Set(select(maps, rule));
      return [name, maps.map((map) => ({ ...map, pruned: chosen.has(map.channel) }))];
    }),
  );
}

function explain({ p, min_per_layer, ranking, hold_masks, epochs }: FmpOptions, images: ScanImages, { by }: Ranked): string {
  const held = hold_masks ? 'held at zero' : 'free to grow again';
  return (
    `In each convolution the maps were ranked by ${by}, over ${images.labels.length} clean images; ` +
    `one in ${p}, at least ${min_per_layer}, was pruned and ${held} during ${epochs} epochs of fine-tuning, after which the model was taken as it was. ` +
    `Ranking '${ranking}', p and epochs were fixed beforehand; neither test images nor the trigger were used.`
  );
}
