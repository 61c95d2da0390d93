import { z } from 'zod';
import { sizeOfDataset } from '../data/dataset.js';
import { stratified } from '../data/sample.js';
import { chanceAmongReached } from '../defenses/inversion/outlier-test.js';
import { withPseudoTrigger } from '../defenses/inversion/pseudo-trigger.js';
import { findTriggerFamily, triggerFamilies, usualFamilies } from '../defenses/inversion/registry.js';
import { ANOMALY_THRESHOLD, findSuspects, type Finding as Search } from '../defenses/inversion/suspects.js';
import { unitPixels } from '../nn/pixels.js';
import type { Detector, Finding } from './detector.js';
import { summarize } from './repeats.js';

const names = triggerFamilies.map(({ name }) => name) as [string, ...string[]];

const options = z.object({
  nc_families: z
    .array(z.enum(names))
    .min(1)
    .default([...usualFamilies])
    .describe(`kinds of change that are tried (published: patch): ${names.join(', ')}`),
  nc_images: z.int().min(8).default(200).describe('clean images that each repeat draws, from 8'),
  nc_steps: z.int().min(1).default(80).describe('optimiser steps for each class, from 1'),
  nc_rows: z.int().min(8).default(320).describe('images times classes that go through the network at once, from 8; bounds the memory'),
  nc_repeats: z.int().min(1).max(100).default(3).describe('how often the search is repeated with other images, 1 to 100'),
});

/** Neural Cleanse, with more kinds of trigger than patches. */
export const neuralCleanse: Detector<typeof options> = {
  name: 'neural-cleanse',
  title: 'Neural Cleanse',
  summary: 'Looks for the cheapest change that leads any image to a class, for every class; a class that is far cheaper stands out.',
  paper: {
    title: 'Neural Cleanse: Identifying and Mitigating Backdoor Attacks in Neural Networks',
    authors: 'Wang, Yao, Shan, Li, Viswanath, Zheng, Zhao',
    venue: 'IEEE S&P',
    year: 2019,
  },
  options,

  async detect({ model, clean }, { nc_families, nc_images, nc_steps, nc_rows, nc_repeats }, { engine, random, progress, signal }) {
    const searches: Search[][] = [];
    for (let repeat = 0; repeat < nc_repeats; repeat++) {
      const draws = random.fork('repeat', repeat);
      const sample = stratified(clean, { count: Math.min(nc_images, sizeOfDataset(clean)) }, draws.fork('images'));
      const families = nc_families.map(findTriggerFamily);
      searches.push(
        await findSuspects(engine, model, families, unitPixels(sample.images, sample.imageShape), {
          steps: nc_steps,
          rows: nc_rows,
          random: draws.fork('search'),
          progress,
          signal,
        }),
      );
    }
    return nc_families.map((_, family): Finding => {
      const mine = searches.map((search) => search[family]);
      const repeats = mine.map(({ suspect, anomaly }) => ({ target: suspect.target, statistic: anomaly }));
      const { target, statistic } = summarize(repeats);
      const costs = meanCosts(mine);
      const shown = mine.find(({ suspect }) => suspect.target === target) as Search;
      return {
        sought: shown.family.summary,
        target,
        statistic,
        repeats,
        threshold: ANOMALY_THRESHOLD,
        chance: chanceAmongReached(costs, meanSuccesses(mine)),
        classes: costs,
        measure: 'cost of leading images to the class, geometric mean of the repeats; the lowest stands out',
        statement:
          `${shown.family.summary} of ${shown.suspect.cost.toPrecision(3)} ${shown.family.unit} sends ${(100 * shown.suspect.success).toFixed(0)} % ` +
          `of clean images to class ${target}, ${shown.advantage.toFixed(1)} times cheaper than for the median class`,
        apply: (images) => withPseudoTrigger(engine, images, shown.suspect),
      };
    });
  },
};

/** Arithmetic mean over the repeats, class by class. */
function meanSuccesses(searches: readonly Search[]): number[] {
  return searches[0].triggers.map((_, label) => searches.reduce((sum, { triggers }) => sum + triggers[label].success, 0) / searches.length);
}

/** Geometric mean over the repeats, class by class. */
function meanCosts(searches: readonly Search[]): number[] {
  const logs = searches.map(({ triggers }) => triggers.map(({ objective }) => Math.log(Math.max(objective, Number.MIN_VALUE))));
  return logs[0].map((_, label) => Math.exp(logs.reduce((sum, list) => sum + list[label], 0) / logs.length));
}
