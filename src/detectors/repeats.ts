import type { Finding } from './detector.js';

/** The most frequent target, of equally frequent ones that with the largest statistic, and the median statistic. */
export function summarize(repeats: Finding['repeats']): { readonly target: number; readonly statistic: number } {
  const votes = new Map<number, { count: number; largest: number }>();
  for (const { target, statistic } of repeats) {
    const { count, largest } = votes.get(target) ?? { count: 0, largest: Number.NEGATIVE_INFINITY };
    votes.set(target, { count: count + 1, largest: Math.max(largest, statistic) });
  }
  const [[target]] = [...votes].sort(([, a], [, b]) => b.count - a.count || b.largest - a.largest);
  const sorted = repeats.map(({ statistic }) => statistic).sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return { target, statistic: sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2 };
}
