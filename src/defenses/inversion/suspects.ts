import type { Tensor } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import type { Engine } from '../../runtime/engine.js';
import type { TriggerFamily } from './family.js';
import { type InversionOptions, invertTriggers } from './invert.js';
import { chanceAmongReached, SIGNIFICANCE } from './outlier-test.js';
import type { PseudoTrigger } from './pseudo-trigger.js';

/** What the search for one family's triggers found. */
export interface Finding {
  readonly family: TriggerFamily;
  /** One trigger for each class, in the order of the classes. */
  readonly triggers: readonly PseudoTrigger[];
  /** The one that is reached most cheaply. */
  readonly suspect: PseudoTrigger;
  /** How far the suspect stands out from the other classes, see {@link anomalyIndex}. */
  readonly anomaly: number;
  /** How many times cheaper the suspect is than the median class, from 1. */
  readonly advantage: number;
  /** Chance of a class as cheap as the suspect were all classes alike, see {@link chanceAmongReached}; undefined with few classes. */
  readonly chance?: number;
}

/** From here on a class counts as an outlier, as in Neural Cleanse. */
export const ANOMALY_THRESHOLD = 2;

/** Makes the median absolute deviation of normal numbers their standard deviation. */
const CONSISTENCY = 1.4826;
/** Share of the median that the spread counts for at least, so that classes that are all alike make no outlier of one. */
const LEAST_SPREAD = 0.05;

/**
 * How far each of some positive numbers lies below the median, in robust standard deviations: (median - value) / (1.4826 · MAD),
 * with MAD the median absolute deviation, at least 5 % of the median. Negative above the median.
 */
export function anomalyIndices(values: readonly number[]): number[] {
  const middle = median(values);
  const spread = median(values.map((value) => Math.abs(value - middle)));
  const scale = CONSISTENCY * Math.max(spread, LEAST_SPREAD * Math.abs(middle), Number.MIN_VALUE);
  return values.map((value) => (middle - value) / scale);
}

/** The anomaly index of the smallest number, from 0. */
export function anomalyIndex(values: readonly number[]): number {
  return Math.max(...anomalyIndices(values));
}

/**
 * Looks for the triggers of several families and for the class that stands out in each. The objective that was minimised is
 * compared, not the cost alone: a cheap change that does not lead to its class is no shortcut.
 * @param images clean pixels [P, C, H, W].
 * @returns one finding a family, in their order.
 * @throws Interrupted when the signal fires.
 */
export async function findSuspects(
  engine: Engine,
  classifier: Classifier,
  families: readonly TriggerFamily[],
  images: Tensor<'float32'>,
  options: InversionOptions,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const family of families) {
    const triggers = await invertTriggers(engine, classifier, family, images, options);
    const suspect = triggers.reduce((least, trigger) => (trigger.objective < least.objective ? trigger : least));
    const objectives = triggers.map(({ objective }) => objective);
    const advantage = median(objectives) / Math.max(suspect.objective, Number.MIN_VALUE);
    const chance = chanceAmongReached(
      objectives,
      triggers.map(({ success }) => success),
    );
    findings.push({ family, triggers, suspect, anomaly: anomalyIndex(objectives), advantage, chance });
  }
  return findings;
}

/** Whether the suspect is cheaper than chance explains, at 5 % for all families together (Bonferroni). @param families that were searched. */
export function standsOut({ chance = 1 }: Finding, families: number): boolean {
  return chance * families < SIGNIFICANCE;
}

/**
 * The most suspicious finding first: those that stand out, by their advantage, then the others, by their chance. The anomaly index is no good for
 * comparing families, as it depends on how much the classes happen to scatter; nor is the advantage where nothing stands out: many
 * networks are easily led to some class by a warp.
 */
export function bySuspicion(findings: readonly Finding[]): Finding[] {
  const advantageFirst = findings.toSorted((a, b) => b.advantage - a.advantage);
  const outstanding = advantageFirst.filter((finding) => standsOut(finding, findings.length));
  const others = advantageFirst.filter((finding) => !outstanding.includes(finding));
  return [...outstanding, ...others.toSorted((a, b) => (a.chance ?? 1) - (b.chance ?? 1))];
}

/** In words: "a small patch that leads to class 3 (12.3 pixels, ...)". @param families that were searched. */
export function describeFinding(finding: Finding, families: number): string {
  const { family, suspect, anomaly, advantage, chance } = finding;
  const outlier = standsOut(finding, families) ? 'an outlier' : 'no outlier, so this is a guess';
  const surprise = chance === undefined ? '' : `, chance ${(100 * chance).toPrecision(2)} %`;
  return (
    `${family.summary} that leads to class ${suspect.target} (${suspect.cost.toPrecision(3)} ${family.unit}, which ` +
    `${(100 * suspect.success).toFixed(0)} % of the images follow; ${advantage.toFixed(1)} times cheaper than the median class, ` +
    `anomaly index ${anomaly.toFixed(1)}${surprise}: ${outlier})`
  );
}

/** The mean of the two in the middle where their number is even. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
