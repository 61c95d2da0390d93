import type { Cell } from '../jobs/bench/cells.js';
import type { Outcome } from '../jobs/bench/outcome.js';
import type { BenchTable } from '../report/bench/table.js';
import { measures } from '../report/bench/table.js';
import { seedsOf, spread, stateOf } from '../report/bench/text.js';
import { duration, percent } from '../report/format.js';
import { table } from './table.js';

/** A cell as one line of the table that grows while a benchmark runs; numbers first, so that they stand in columns. */
export function outcomeLine({ title }: Cell, outcome: Outcome): string {
  if (outcome.status === 'failed') return `FAILED (${outcome.reason}) ${title}: ${outcome.message}`;
  const { acc, asr, ra } = outcome.after ?? outcome.before;
  const share = (name: string, value: number | undefined) => `${name} ${(value === undefined ? '–' : percent(value)).padStart(8)}`;
  return plain(`${share('ACC', acc)}  ${share('ASR', asr)}  ${share('RA', ra)}  ${duration(outcome.seconds).padStart(12)}  ${title}`);
}

/** The rows of a benchmark as text in columns, and how many cells are in which state. */
export function outcomeTable(bench: BenchTable): string {
  const head = ['DATA', 'MODEL', 'ATTACK', 'DEFENCE', 'SEEDS', ...measures.map((measure) => measure.toUpperCase()), 'TIME'];
  const rows = bench.rows.map((row) => [
    row.data,
    row.model,
    row.attack,
    row.defense,
    seedsOf(row),
    ...measures.map((measure) => spread(row.scores[measure])),
    plain(duration(row.seconds.mean)),
  ]);
  return `${table([head, ...rows])}\n\n${stateOf(bench)}`;
}

function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}
