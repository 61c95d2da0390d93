import { UserError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { type Dataset, sizeOfDataset } from '../../data/dataset.js';
import { stratified } from '../../data/sample.js';
import { convLayers } from '../../nn/feature-maps.js';
import { unitPixels } from '../../nn/pixels.js';
import type { EpochRecord } from '../../train/loop.js';
import type { Defense } from '../defense.js';
import { prepareFineTune } from '../fine-tune.js';
import { prune } from '../prune.js';
import { type Looked, look } from './look.js';
import { type FmpOptions, fmpOptions } from './options.js';
import { repairAsPublished } from './published.js';
import type { ScanImages } from './scan.js';
import { type ChosenTuning, tellTrials } from './search-tuning.js';
import { stopwatch } from './timing.js';
import { tryTunings, withTuning } from './trials.js';
import { withTriggeredCopies } from './unlearn.js';

/** Images that the published code scans with. */
const PUBLISHED_IMAGES = 32;

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
  wantsTestImages: ({ published }) => published,

  async repair({ model, clean }, options, context) {
    const { random } = context;
    const { rounds, round_epochs } = options;
    if (options.selection === 'binomial' && options.ranking !== 'accuracy') {
      throw new UserError(
        `selection 'binomial' tests accuracies, but the ranking is '${options.ranking}'; choose --ranking accuracy, or another selection`,
      );
    }
    if (options.scan === 'racing' && (options.ranking !== 'accuracy' || options.selection !== 'fraction')) {
      throw new UserError(
        "scan 'racing' looks for the maps of lowest accuracy and knows how many there are to be; choose --ranking accuracy and " +
          '--selection fraction, or --scan exact',
      );
    }
    // Images that do not fill a batch come to light here, before the long part.
    prepareFineTune(clean, options, context);
    const { seconds, timed } = stopwatch();
    const layers = convLayers(model.graph);
    const images = scanImages(clean, options.scan_images, random.fork('scan images'));
    if (options.published) {
      const few = scanImages(clean, PUBLISHED_IMAGES, random.fork('scan images'));
      return repairAsPublished({ model, clean, layers, images: few, test: context.test }, options, context);
    }
    const history: EpochRecord[] = [];
    let repaired = model;
    let seen: Looked = { maps: {}, by: '', triggers: [] };
    let pruned: Record<string, readonly number[]> = {};
    let chosen: ChosenTuning | undefined;
    for (let round = 1; round <= rounds; round++) {
      const own = { ...context, random: round < rounds ? random.fork('round', round) : random };
      seen = await look({ model: repaired, layers, clean, images, before: pruned, share: round / rounds }, options, own, timed);
      pruned = Object.fromEntries(
        Object.entries(seen.maps).map(([layer, list]) => [layer, list.filter((map) => map.pruned).map((map) => map.channel)]),
      );
      const silenced = prune(repaired, layers, pruned);
      chosen ??= await timed('try tunings', () => tryTunings(silenced, clean, seen.triggers, options, own));
      const tuning = { ...withTuning(options, chosen), epochs: round < rounds ? round_epochs : options.epochs };
      const taught = await withTriggeredCopies(context.engine, clean, seen.triggers, chosen.unlearn, own.random.fork('unlearn'));
      const fineTune = prepareFineTune(taught, tuning, own, { augmented: sizeOfDataset(clean) });
      const tuned = await timed('fine-tune', () => fineTune(silenced.classifier, options.hold_masks ? silenced.masks : undefined));
      repaired = tuned.classifier;
      for (const record of tuned.history) history.push({ ...record, epoch: history.length + 1 });
    }
    return { model: repaired, pruned, maps: seen.maps, history, rule: explain(options, images, seen, chosen), seconds };
  },
};

/** A fixed sample of the clean images, the same number of each class, as pixels and without augmentation. */
function scanImages(clean: Dataset, count: number, random: Random): ScanImages {
  const chosen = count < sizeOfDataset(clean) ? stratified(clean, { count }, random) : clean;
  return { pixels: unitPixels(chosen.images, chosen.imageShape), labels: chosen.labels };
}

function explain(options: FmpOptions, images: ScanImages, { by, triggers }: Looked, chosen: ChosenTuning | undefined): string {
  const { ranking, hold_masks, epochs, rounds, round_epochs } = options;
  const unlearn = chosen?.unlearn ?? 0;
  const held = hold_masks ? 'held at zero' : 'free to grow again';
  const inRounds =
    rounds === 1
      ? ''
      : ` This was done in ${rounds} rounds, each with its share of the maps and ${round_epochs} epochs before the next look.`;
  const taught =
    triggers.length > 0 && unlearn > 0
      ? ` To the clean images were added ${unlearn} times as many copies with the changes found, ${listTriggers(triggers)}, and their true labels.`
      : '';
  return (
    `In each convolution the maps were ranked by ${by}, over ${images.labels.length} clean images; ` +
    `${howMany(options)} pruned and ${held} during ${epochs} epochs of fine-tuning, after which the model was taken as it was.${inRounds}${taught}${chosen ? tellTrials(chosen) : ''} ` +
    `Ranking '${ranking}', selection '${options.selection}', p, rounds and epochs were fixed beforehand; neither test images nor the trigger were used.`
  );
}

function howMany({ selection, selection_error, p, min_per_layer }: FmpOptions): string {
  if (selection === 'fraction') return `one in ${p}, at least ${min_per_layer}, was`;
  if (selection === 'two-means') return 'the more suspicious of two clusters of each layer were';
  return `those whose accuracy lies below that of their layer's median map (exact binomial tests, corrected after Holm, error ${selection_error}) were`;
}

/** `of patch, warp to class 0, 8`. */
function listTriggers(triggers: Looked['triggers']): string {
  const distinct = (values: readonly (string | number)[]) => [...new Set(values)].join(', ');
  return `of ${distinct(triggers.map(({ family }) => family.name))} to class ${distinct(triggers.map(({ target }) => target))}`;
}
