import type { FeatureMap } from '../defenses/defense.js';

/** A feature map and why it was pruned or not. */
export interface ExplainedMap {
  readonly channel: number;
  /** Place by suspicion within the layer, from 1, the most suspicious first. */
  readonly rank: number;
  readonly suspicion: number;
  /** Share of the scan images still right when the map is disturbed, and the loss on them, where a scan was made. */
  readonly accuracy?: number;
  readonly loss?: number;
  /** Images that it was seen on, where a race dropped it before it had seen all. */
  readonly images?: number;
  readonly chance?: number;
  readonly decision: 'pruned' | 'kept';
}

/** Every map of every layer, the most suspicious of each layer first; of equals the one with the higher loss, then the first. */
export function explainMaps(maps: Readonly<Record<string, readonly FeatureMap[]>>): Record<string, ExplainedMap[]> {
  const ranked = (list: readonly FeatureMap[]) =>
    list.toSorted((a, b) => b.suspicion - a.suspicion || (b.loss ?? 0) - (a.loss ?? 0) || a.channel - b.channel);
  return Object.fromEntries(
    Object.entries(maps).map(([layer, list]) => [
      layer,
      ranked(list).map(({ channel, suspicion, accuracy, loss, images, chance, pruned }, place) => ({
        channel,
        rank: place + 1,
        suspicion,
        ...(accuracy !== undefined && { accuracy }),
        ...(loss !== undefined && { loss }),
        ...(images !== undefined && { images }),
        ...(chance !== undefined && { chance }),
        decision: pruned ? 'pruned' : 'kept',
      })),
    ]),
  );
}

const columns = ['rank', 'channel', 'suspicion', 'accuracy', 'loss', 'images', 'chance', 'decision'] as const;

/** The same as a table for spreadsheets: one line a map, empty where something was not looked at. */
export function explainCsv(explained: Readonly<Record<string, readonly ExplainedMap[]>>): string {
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = Object.entries(explained).flatMap(([layer, maps]) =>
    maps.map((map) => [quoted(layer), ...columns.map((column) => String(map[column] ?? ''))].join(',')),
  );
  return `${[['layer', ...columns].join(','), ...rows].join('\n')}\n`;
}
