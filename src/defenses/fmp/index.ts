import type { Random } from '../../core/random.js';
import { type Dataset, sizeOfDataset } from '../../data/dataset.js';
import { stratified } from '../../data/sample.js';
import { convLayers } from '../../nn/feature-maps.js';
import { unitPixels } from '../../nn/pixels.js';
import type { Defense, FeatureMap } from '../defense.js';
import { prepareFineTune } from '../fine-tune.js';
import { prune } from '../prune.js';
import { type FmpOptions, fmpOptions } from './options.js';
import { type ScanImages, type ScanResult, scan } from './scan.js';
import { select } from './select.js';
import { type Suspect, suspectClass } from './suspect.js';

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
    const scanned = await timed('scan', () =>
      scan(engine, model, layers, images, { eps, alpha, steps, scanBatch, random: random.fork('scan start'), progress, signal }),
    );
    const suspect =
      options.ranking === 'accuracy'
        ? undefined
        : await timed('look for triggers', () =>
            suspectClass({ model, clean }, layers, images.pixels, options, { ...context, random: random.fork('triggers') }),
          );
    const maps = judge(scanned, suspect, options);
    const selection = Object.fromEntries(
      Object.entries(maps).map(([layer, list]) => [layer, list.filter((map) => map.pruned).map((map) => map.channel)]),
    );
    const pruned = prune(model, layers, selection);
    const masks = options.hold_masks ? pruned.masks : undefined;
    const { classifier, history } = await timed('fine-tune', () => fineTune(pruned.classifier, masks));
    return { model: classifier, pruned: selection, maps, history, rule: explain(options, images, suspect), seconds };
  },
};

/** A fixed sample of the clean images, the same number of each class, as pixels and without augmentation. */
function scanImages(clean: Dataset, count: number, random: Random): ScanImages {
  const chosen = count < sizeOfDataset(clean) ? stratified(clean, { count }, random) : clean;
  return { pixels: unitPixels(chosen.images, chosen.imageShape), labels: chosen.labels };
}

function judge(scanned: ScanResult, suspect: Suspect | undefined, { p, min_per_layer }: FmpOptions): Record<string, FeatureMap[]> {
  const rule = { p, minPerLayer: min_per_layer };
  return Object.fromEntries(
    Object.entries(scanned).map(([layer, fates]) => {
      const suspicion = suspect?.responses[layer];
      const maps = fates.map((fate, channel) => ({ channel, ...fate, suspicion: suspicion ? suspicion[channel] : 1 - fate.accuracy }));
      const chosen = new Set(select(maps, rule));
      return [layer, maps.map((map) => ({ ...map, pruned: chosen.has(map.channel) }))];
    }),
  );
}

function explain({ p, min_per_layer, ranking, hold_masks, epochs }: FmpOptions, images: ScanImages, suspect: Suspect | undefined): string {
  const measure = suspect
    ? `their response to the smallest patch that leads clean images to one class (class ${suspect.trigger.target}, ` +
      `${suspect.trigger.size.toFixed(1)} pixels; the median over the classes is ${suspect.medianSize.toFixed(1)})`
    : "the network's accuracy on the inputs that disturb them most, lowest first";
  const held = hold_masks ? 'held at zero' : 'free to grow again';
  return (
    `In each convolution the maps were ranked by ${measure}, over ${images.labels.length} clean images; ` +
    `one in ${p}, at least ${min_per_layer}, was pruned and ${held} during ${epochs} epochs of fine-tuning, after which the model was taken as it was. ` +
    `Ranking '${ranking}', p and epochs were fixed beforehand; neither test images nor the trigger were used.`
  );
}
