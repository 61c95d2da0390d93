import { studentTail } from '../../core/incomplete-beta.js';

/** Below this chance a class stands out. */
export const SIGNIFICANCE = 0.05;

/** With fewer classes there is no saying how they scatter. */
const FEWEST_CLASSES = 4;
/** Share of the images that have to follow a change for its class to count as reached. */
const REACHED = 0.5;

/**
 * How surprising the cheapest class is among those that the search reached. What the others cost says when the search was over, not how classes
 * scatter, and a single one of them can hide an outlier. All classes count where too few were reached to say how these scatter.
 * @param costs above 0, one for each class.
 * @param successes share of the images that follow the change found for each class, 0..1.
 * @returns as {@link chanceOfLowest}; 1 where the cheapest class itself was not reached.
 */
export function chanceAmongReached(costs: readonly number[], successes: readonly number[]): number | undefined {
  const reached = successes.map((success) => success >= REACHED);
  if (!reached[costs.indexOf(Math.min(...costs))]) return 1;
  return chanceOfLowest(costs.filter((_, label) => reached[label])) ?? chanceOfLowest(costs);
}

/**
 * How surprising it is that the cheapest of K classes is as cheap as it is. Costs span orders of magnitude, so their logarithms are
 * compared. The lowest, x, is set against mean m and sample deviation s of the other K - 1 (an externally studentised residual): were
 * all classes alike and normal,
 *
 *   t = (m - x) / (s √(1 + 1 / (K - 1)))
 *
 * would follow Student's distribution with K - 2 degrees of freedom for a class that was named beforehand; as the lowest of K was
 * taken, the chance is at most K times the tail (Bonferroni).
 *
 * Neural Cleanse's own index, in median absolute deviations of the costs, has no such meaning: with ten classes it exceeds its
 * threshold of 2 in one case in three where nothing is planted (normal costs, simulated), and a large one among the costs of clean classes hides the outlier.
 * @param costs above 0, one for each class.
 * @returns 0 to 1; undefined where there are fewer than {@link FEWEST_CLASSES}.
 */
export function chanceOfLowest(costs: readonly number[]): number | undefined {
  const classes = costs.length;
  if (classes < FEWEST_CLASSES) return undefined;
  const logs = costs.map((cost) => Math.log(Math.max(cost, Number.MIN_VALUE)));
  const lowest = logs.indexOf(Math.min(...logs));
  const others = logs.filter((_, label) => label !== lowest);
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
  const variance = others.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (others.length - 1);
  const gap = mean - logs[lowest];
  if (gap === 0) return 1;
  const t = gap / Math.sqrt(Math.max(variance, Number.MIN_VALUE) * (1 + 1 / (classes - 1)));
  return Math.min(1, classes * studentTail(t, classes - 2));
}
