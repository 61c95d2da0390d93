import type { FeatureMap } from '../defense.js';

export interface SelectionRule {
  /** One map in `p` is pruned in each layer. */
  readonly p: number;
  /** Maps pruned at least in each layer; a layer keeps one map in any case. */
  readonly minPerLayer: number;
}

/** How many of a layer's maps are pruned: floor(C / p), the published number, but no fewer than the least. */
export function pruneCount(channels: number, { p, minPerLayer }: SelectionRule): number {
  return Math.min(channels - 1, Math.max(minPerLayer, Math.floor(channels / p)));
}

/** How many maps are pruned besides those that are so already; see {@link select}. */
export function freshCount(channels: number, rule: SelectionRule, before: readonly number[] = [], share = 1): number {
  return Math.max(0, Math.ceil(share * pruneCount(channels, rule)) - before.length);
}

/** The order in which maps are pruned: the more suspicious first; of equals the one with the higher loss, then the first. */
export function pruneOrder<T extends Pick<FeatureMap, 'channel' | 'suspicion' | 'loss'>>(maps: readonly T[]): T[] {
  return maps.toSorted((a, b) => b.suspicion - a.suspicion || (b.loss ?? 0) - (a.loss ?? 0) || a.channel - b.channel);
}

/**
 * Channels to prune in one layer, ascending.
 * @param before channels that are pruned already and stay so.
 * @param share of the number to prune that is to be reached, rounded up; above 0 up to 1, default 1.
 */
export function select(
  maps: readonly Pick<FeatureMap, 'channel' | 'suspicion' | 'loss'>[],
  rule: SelectionRule,
  before: readonly number[] = [],
  share = 1,
): number[] {
  const fresh = pruneOrder(maps.filter(({ channel }) => !before.includes(channel))).slice(0, freshCount(maps.length, rule, before, share));
  return [...before, ...fresh.map(({ channel }) => channel)].toSorted((a, b) => a - b);
}
