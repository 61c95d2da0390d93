import { defenseEffectivenessRating } from '../../metrics/der.js';
import { published } from '../../report/bench/published.js';
import {
  type Average,
  type BenchTable,
  type Measure,
  measures,
  NO_DEFENSE,
  type Row,
  type Scored,
  statistic,
} from '../../report/bench/table.js';
import { type Cell, cellsOf, type Place } from './cells.js';
import type { Grid } from './grid.js';
import type { Done, Outcome } from './outcome.js';

type Outcomes = ReadonlyMap<string, Outcome>;
/** The measures of one cell. */
type Measured = Partial<Record<Measure, number>>;

/**
 * The table of a grid from what its cells came to. Nothing is computed that needs a model, so it can be made at any time, of
 * finished cells alone.
 * @param outcomes by cell name; cells that are missing are pending.
 */
export function aggregate(grid: Grid, places: readonly Place[], outcomes: Outcomes): BenchTable {
  const cells = cellsOf(places);
  const state = (cell: Cell): keyof BenchTable['cells'] =>
    outcomes.get(cell.name)?.status ?? (fails(cell, outcomes) ? 'blocked' : 'pending');
  const count = (wanted: keyof BenchTable['cells']) => cells.filter((cell) => state(cell) === wanted).length;
  const rows = rowsOf(grid, places, outcomes);
  const failures = cells.flatMap((cell) => {
    const outcome = outcomes.get(cell.name);
    return outcome?.status === 'failed' ? [{ cell: cell.name, title: cell.title, reason: outcome.reason, message: outcome.message }] : [];
  });
  return {
    name: grid.name,
    cells: { done: count('done'), failed: count('failed'), blocked: count('blocked'), pending: count('pending') },
    seeds: grid.seeds,
    rows,
    averages: averagesOf(grid, rows),
    failures,
  };
}

function fails({ needs }: Cell, outcomes: Outcomes): boolean {
  return needs !== undefined && (outcomes.get(needs.name)?.status === 'failed' || fails(needs, outcomes));
}

function rowsOf(grid: Grid, places: readonly Place[], outcomes: Outcomes): Row[] {
  const groups = new Map<string, Place[]>();
  for (const place of places) {
    const key = JSON.stringify([place.data.label, place.model.label, place.attack.label]);
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  const doneOf = (cell: Cell | undefined) => {
    const outcome = cell && outcomes.get(cell.name);
    return outcome?.status === 'done' ? [outcome] : [];
  };
  return [...groups.values()].flatMap((group) => {
    const [{ data, model, attack }] = group;
    const where = { data: data.label, model: model.label, attack: attack.label, planned: group.length };
    const row = (defense: string, name: string | undefined, done: readonly Done[]): Row[] => {
      const seconds = statistic(done.map((each) => each.seconds));
      const peaks = done.flatMap(({ peakMemoryMB }) => peakMemoryMB ?? []);
      if (!seconds) return [];
      const known = published.filter((entry) => entry.data === data.name && entry.defense === name && entry.attack === attack.name);
      const cost = { seconds, ...(peaks.length > 0 && { peakMemoryMB: Math.max(...peaks) }) };
      return [{ ...where, defense, scores: scoresOf(done.map(measuredOf)), ...cost, published: known }];
    };
    return [
      ...row(
        NO_DEFENSE,
        undefined,
        group.flatMap(({ plant }) => doneOf(plant)),
      ),
      ...grid.defenses.flatMap(({ label, name }) => {
        const cells = group.map(({ repairs }) => repairs.find(({ defense }) => defense.label === label)?.cell);
        return row(label, name, cells.flatMap(doneOf));
      }),
    ];
  });
}

function measuredOf({ before, after }: Done): Measured {
  const { acc, asr, ra } = after ?? before;
  const rated = after?.asr !== undefined && before.asr !== undefined;
  return {
    acc,
    asr,
    ra,
    ...(rated && { der: defenseEffectivenessRating({ ...before, asr: before.asr ?? 0 }, { ...after, asr: after.asr ?? 0 }) }),
  };
}

function scoresOf(values: readonly Measured[]): Scored['scores'] {
  return Object.fromEntries(
    measures.flatMap((measure) => {
      const found = statistic(values.flatMap((value) => value[measure] ?? []));
      return found ? [[measure, found]] : [];
    }),
  );
}

/** Averages of means over the attacks that every defence has been tried on, so that all are averages over the same attacks. */
function averagesOf(grid: Grid, rows: readonly Row[]): Average[] {
  const labels = [NO_DEFENSE, ...grid.defenses.map(({ label }) => label)];
  return grid.data.flatMap((data) =>
    grid.models.flatMap((model) => {
      const here = rows.filter((row) => row.data === data.label && row.model === model.label);
      // A defence that failed everywhere takes no attack from the others.
      const tried = labels.filter((label) => here.some(({ defense }) => defense === label));
      const common = grid.attacks.filter(({ label }) =>
        tried.every((name) => here.some((row) => row.attack === label && row.defense === name)),
      );
      const shared = new Set(common.map(({ label }) => label));
      return labels.flatMap((defense) => {
        const own = here.filter((row) => row.defense === defense && shared.has(row.attack));
        const seconds = statistic(own.map((row) => row.seconds.mean));
        if (!seconds) return [];
        const name = grid.defenses.find(({ label }) => label === defense)?.name;
        const scores = scoresOf(own.map((row) => meansOf(row.scores)));
        const peaks = own.flatMap(({ peakMemoryMB }) => peakMemoryMB ?? []);
        const known = published.filter((entry) => entry.data === data.name && entry.defense === name && entry.attack === undefined);
        const cost = { seconds, ...(peaks.length > 0 && { peakMemoryMB: Math.max(...peaks) }) };
        return [{ data: data.label, model: model.label, defense, attacks: own.length, scores, ...cost, published: known }];
      });
    }),
  );
}

function meansOf(scores: Scored['scores']): Measured {
  return Object.fromEntries(Object.entries(scores).map(([measure, { mean }]) => [measure, mean]));
}
