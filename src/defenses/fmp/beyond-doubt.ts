import { incompleteBeta } from '../../core/incomplete-beta.js';
import type { Fate } from './tally.js';

/**
 * For every map, how likely it would be to be wrong on so many of its n images if it were like the median map of its layer, which is
 * wrong on each with probability q: P(X ≥ wrong), X ~ Binomial(n, q), which is I_q(wrong, n - wrong + 1). All maps of the network are
 * tested at once, so the chances are corrected after Holm (1979): sorted ascending, the i-th of N is multiplied by N - i + 1 and may
 * not be below the one before. A map with a corrected chance below δ is worse than its layer's median, and the chance that any such
 * statement is wrong is at most δ, however the maps depend on each other.
 * @returns the corrected chances by layer, 0..1.
 */
export function correctedChances(scanned: Readonly<Record<string, readonly Fate[]>>): Record<string, number[]> {
  const entries = Object.entries(scanned).flatMap(([layer, fates]) => {
    const expected = 1 - median(fates.map(({ accuracy }) => accuracy));
    return fates.map(({ accuracy, images }, channel) => {
      const wrong = Math.round((1 - accuracy) * images);
      return { layer, channel, chance: wrong === 0 ? 1 : incompleteBeta(expected, wrong, images - wrong + 1) };
    });
  });
  const result = Object.fromEntries(Object.entries(scanned).map(([layer, fates]) => [layer, new Array<number>(fates.length).fill(1)]));
  let last = 0;
  entries
    .sort((a, b) => a.chance - b.chance)
    .forEach(({ layer, channel, chance }, i) => {
      last = Math.min(1, Math.max(last, chance * (entries.length - i)));
      result[layer][channel] = last;
    });
  return result;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
