import { z } from 'zod';
import { sizeOfDataset } from '../data/dataset.js';
import { stratified } from '../data/sample.js';
import { pushedProbabilities } from '../defenses/fmp/strategies/pushed.js';
import { convLayers, countMaps } from '../nn/feature-maps.js';
import { unitPixels } from '../nn/pixels.js';
import type { Detector } from './detector.js';
import { summarize } from './repeats.js';

const options = z.object({
  push_images: z.int().min(2).default(32).describe('clean images that each repeat draws, from 2'),
  push_eps: z.number().gt(0).max(1).default(0.1).describe('largest change of a pixel, above 0 up to 1'),
  push_steps: z.int().min(1).default(3).describe('gradient steps, from 1'),
  push_rows: z.int().min(1).default(512).describe('images times maps that go through the network at once, from 1; bounds the memory'),
  push_repeats: z.int().min(1).max(100).default(1).describe('how often all maps are looked at, with other images, 1 to 100'),
  push_threshold: z.number().gt(0).max(1).default(0.1).describe('share of the maps that has to lead to one class, above 0 up to 1'),
});

/** A map counts where the other classes' images are, on average, given to one class with more than this probability. */
const COLLAPSED = 0.5;

/**
 * The profile of all feature maps: each is raised by one change that all images share, and what the network makes of these images is
 * noted. In a clean network raising a map changes many answers, but seldom sends everything to one class; a backdoor of which many
 * maps are part does just that. Needs no idea of what the trigger looks like.
 */
export const mapCollapse: Detector<typeof options> = {
  name: 'map-collapse',
  title: 'Map collapse',
  summary:
    'Raises every feature map by a change that all images share; many maps that lead to one and the same class give a backdoor away.',
  paper: { title: "FMP's per-map profile with universal changes (docs/detection.md)", authors: 'this project', venue: 'none', year: 2026 },
  options,

  async detect({ model, clean }, { push_images, push_eps, push_steps, push_rows, push_repeats, push_threshold }, context) {
    const { engine, random, progress, signal } = context;
    const layers = convLayers(model.graph);
    const maps = countMaps(layers);
    const shares: number[][] = [];
    for (let repeat = 0; repeat < push_repeats; repeat++) {
      const count = Math.min(push_images, sizeOfDataset(clean));
      const sample = stratified(clean, { count }, random.fork('repeat', repeat));
      const budget = { eps: push_eps, steps: push_steps, rows: push_rows, progress, signal };
      const found = await pushedProbabilities(engine, model, layers, unitPixels(sample.images, sample.imageShape), sample.labels, budget);
      const counts = new Array<number>(model.classes).fill(0);
      for (const probabilities of Object.values(found)) {
        probabilities.forEach((probability, i) => {
          if (probability > COLLAPSED) counts[i % model.classes]++;
        });
      }
      shares.push(counts.map((number) => number / maps));
    }
    const repeats = shares.map((share) => {
      const statistic = Math.max(...share);
      return { target: share.indexOf(statistic), statistic };
    });
    const { target, statistic } = summarize(repeats);
    const classes = shares[repeats.findIndex((repeat) => repeat.target === target)];
    return [
      {
        sought: 'feature maps that lead to one class when raised',
        target,
        statistic,
        repeats,
        threshold: push_threshold,
        classes,
        measure: 'share of the feature maps that lead to the class when raised; the highest stands out',
        statement: `${(100 * statistic).toFixed(1)} % of ${maps} feature maps, when raised by at most ${push_eps} a pixel, send most images of other classes to class ${target}`,
      },
    ];
  },
};
