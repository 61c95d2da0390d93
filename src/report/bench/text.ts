import { duration } from '../format.js';
import { matricesOf, triple } from './matrix.js';
import { type Average, type BenchTable, type Measure, measures, type Row, type Scored, type Statistic } from './table.js';

const titles: Readonly<Record<Measure, string>> = { acc: 'ACC', asr: 'ASR', ra: 'RA', der: 'DER' };

/** `99.01 ± 0.12` for shares, in percent; a dash for what was not measured. */
export function spread(value: Statistic | undefined): string {
  if (!value) return '–';
  const mean = (value.mean * 100).toFixed(2);
  return value.deviation === undefined ? mean : `${mean} ± ${(value.deviation * 100).toFixed(2)}`;
}

/** `2.86 (published)`, per measure; undefined where nothing was published. */
export function publishedOf({ published }: Scored, measure: Measure): string | undefined {
  const known = published.find((entry) => entry.measure === measure);
  return known && (known.value * 100).toFixed(2);
}

/** How a row says its seeds: `2`, or `1 of 2` while some are missing. */
export function seedsOf({ seconds: { count }, planned }: Row): string {
  return count === planned ? String(count) : `${count} of ${planned}`;
}

/** All rows as CSV (RFC 4180), shares 0..1, seconds; empty fields for what was not measured. */
export function benchCsv({ rows }: BenchTable): string {
  const head = [
    'data',
    'model',
    'attack',
    'defense',
    'seeds',
    'planned',
    ...measures.flatMap((measure) => [`${measure}_mean`, `${measure}_sd`]),
    'seconds_mean',
    'seconds_sd',
    'peak_memory_mb',
  ];
  const lines = rows.map((row) => [
    row.data,
    row.model,
    row.attack,
    row.defense,
    row.seconds.count,
    row.planned,
    ...measures.flatMap((measure) => [row.scores[measure]?.mean, row.scores[measure]?.deviation]),
    row.seconds.mean,
    row.seconds.deviation,
    row.peakMemoryMB,
  ]);
  return [head, ...lines].map((line) => `${line.map(field).join(',')}\r\n`).join('');
}

function field(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(Number(value.toPrecision(8)));
  // What begins like a formula would be run as one by a spreadsheet.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The whole table as JSON: statistics as numbers, shares 0..1. */
export function benchJson(table: BenchTable): string {
  return `${JSON.stringify({ version: 1, ...table }, undefined, 2)}\n`;
}

/** Averages, rows and failures as Markdown, in percent. */
export function benchMarkdown(table: BenchTable): string {
  const { name, rows, averages, failures } = table;
  const parts = [`# ${name}`, stateOf(table)];
  if (averages.length > 0)
    parts.push('## Averages over attacks', AVERAGES, markdownTable(averageHead, averages.map(averageLine)), ...sourcesOf(averages));
  for (const { data, model, attacks, lines } of matricesOf(rows)) {
    if (attacks.length < 2 || lines.length < 2) continue;
    const matrix = lines.map(({ defense, cells }) => [defense, ...cells.map((row) => triple(row)?.join(' / ') ?? '–')]);
    parts.push(`## What is left of each attack: ${data}, ${model}`, 'ACC / ASR / RA.', markdownTable(['Defence', ...attacks], matrix));
  }
  if (rows.length > 0) parts.push('## Every attack', markdownTable(rowHead, rows.map(rowLine)), ...sourcesOf(rows));
  if (failures.length > 0) {
    const lines = failures.map(({ title, reason, message, cell }) => [title, reason, message, cell]);
    parts.push('## Failures', markdownTable(['Cell', 'Reason', 'Message', 'Name'], lines));
  }
  return `${parts.join('\n\n')}\n`;
}

/** What the averages are. */
export const AVERAGES = 'Means over the attacks that every defence was tried on; here ± is the deviation between attacks.';

/** `12 cells done, 1 failed, 2 blocked by a failed one, 3 pending. Means ± sample standard deviations ...`. */
export function stateOf({ cells, seeds }: BenchTable): string {
  const parts = [`${cells.done} cells done`];
  if (cells.failed > 0) parts.push(`${cells.failed} failed`);
  if (cells.blocked > 0) parts.push(`${cells.blocked} blocked by a failed one`);
  if (cells.pending > 0) parts.push(`${cells.pending} pending`);
  return `${parts.join(', ')}. ACC, ASR, RA and DER in percent, mean ± sample standard deviation over ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}.`;
}

const rowHead = ['Data', 'Model', 'Attack', 'Defence', 'Seeds', ...measures.map((measure) => titles[measure]), 'Time', 'Memory'];
const rowLine = (row: Row) => [row.data, row.model, row.attack, row.defense, seedsOf(row), ...scoreLine(row)];
const averageHead = ['Data', 'Model', 'Defence', 'Attacks', ...measures.map((measure) => titles[measure]), 'Time', 'Memory'];
const averageLine = (row: Average) => [row.data, row.model, row.defense, String(row.attacks), ...scoreLine(row)];

function scoreLine(row: Scored): string[] {
  const shares = measures.map((measure) => {
    const known = publishedOf(row, measure);
    return spread(row.scores[measure]) + (known === undefined ? '' : ` (published: ${known})`);
  });
  return [...shares, duration(row.seconds.mean), row.peakMemoryMB === undefined ? '–' : `${Math.round(row.peakMemoryMB)} MB`];
}

/** Every source of published numbers once. */
export function sourcesOf(rows: readonly Scored[]): string[] {
  const lines = rows.flatMap(({ defense, published }) =>
    published.map(({ measure, value, source }) => `Published ${titles[measure]} ${(value * 100).toFixed(2)} of ${defense}: ${source}.`),
  );
  return [...new Set(lines)];
}

function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\|<>`*_[\]]/g, '\\$&');
}
