import { sizeOfDataset } from '../../../data/dataset.js';
import { stratified } from '../../../data/sample.js';
import { unitPixels } from '../../../nn/pixels.js';
import { type PseudoTrigger, withPseudoTrigger } from '../../inversion/pseudo-trigger.js';
import { findTriggerFamily } from '../../inversion/registry.js';
import { bySuspicion, describeFinding, type Finding, findSuspects, standsOut } from '../../inversion/suspects.js';
import { responses } from '../response.js';
import type { Strategy } from './strategy.js';

/**
 * FMP turned round. The scan disturbs one map and sees what becomes of the accuracy; but the input that disturbs a map most is
 * rarely the trigger, because maps of a small network serve the task as well. So here the accuracy is made to collapse first, by
 * the cheapest change that leads any image to one class, and the maps that this disturbs most are the suspects. Several families
 * of changes are tried; the one in which some class is cheapest beside the other classes is taken.
 */
export const response: Strategy = {
  name: 'response',
  summary: 'how strongly they respond to the cheapest change of the images that leads to one class (a pseudo-trigger)',
  async rank({ engine, model, layers, clean, images, options, random, progress, signal }) {
    const count = Math.min(options.trigger_images, sizeOfDataset(clean));
    const sample = stratified(clean, { count }, random.fork('images'));
    const families = options.trigger_families.map(findTriggerFamily);
    const findings = await findSuspects(engine, model, families, unitPixels(sample.images, sample.imageShape), {
      steps: options.trigger_steps,
      rows: options.trigger_rows,
      random: random.fork('triggers'),
      progress,
      signal,
    });
    const [finding] = bySuspicion(findings);
    const changed = await withPseudoTrigger(engine, images.pixels, finding.suspect);
    return {
      scores: await responses(engine, model, layers, images.pixels, changed),
      by: `their response to the cheapest change that leads clean images to one class: ${describeFinding(finding, findings.length)}`,
      triggers: suspectTriggers(findings),
    };
  },
};

/**
 * The triggers to unlearn, the most suspicious first: those that stand out within their family. Where none does, for every class that is the
 * suspect of some family, the triggers of all families that lead to it: the family with the largest advantage may be misled (many networks for
 * digits make an 8 of anything dense), unlearning what is harmless costs a little accuracy, and leaving the backdoor out costs everything.
 */
export function suspectTriggers(findings: readonly Finding[]): PseudoTrigger[] {
  const sorted = bySuspicion(findings);
  const outstanding = sorted.filter((finding) => standsOut(finding, findings.length));
  if (outstanding.length > 0) return outstanding.map(({ suspect }) => suspect);
  const targets = new Set(sorted.map(({ suspect }) => suspect.target));
  return [...targets].flatMap((target) => sorted.map(({ triggers }) => triggers[target]));
}
