import { duration, megabytes } from '../format.js';
import { type Content, type Html, html } from '../markup.js';
import { type Average, type BenchTable, type Measure, measures, NO_DEFENSE, type Row, type Scored } from './table.js';
import { publishedOf, seedsOf, spread } from './text.js';

/** A column: its name, what it sorts by, and which order comes first. */
interface Column<T> {
  readonly title: string;
  /** Words sort by letter, numbers by value. */
  readonly value: (row: T) => string | number | undefined;
  readonly show?: (row: T) => Content;
  /** Whether small numbers are good; then they come first. */
  readonly small?: boolean;
}

const shareColumn = (measure: Measure): Column<Scored> => ({
  title: measure.toUpperCase(),
  value: ({ scores }) => scores[measure]?.mean ?? Number.NaN,
  show: (row) => {
    const known = publishedOf(row, measure);
    return [spread(row.scores[measure]), known !== undefined && html`<small>published ${known}</small>`];
  },
  small: measure === 'asr',
});

const scored: readonly Column<Scored>[] = [
  ...measures.map(shareColumn),
  { title: 'Time', value: ({ seconds }) => seconds.mean, show: ({ seconds }) => duration(seconds.mean), small: true },
  {
    title: 'Memory',
    value: ({ peakMemoryMB }) => peakMemoryMB ?? Number.NaN,
    show: ({ peakMemoryMB }) => (peakMemoryMB === undefined ? '–' : megabytes(peakMemoryMB)),
    small: true,
  },
];
const where: readonly Column<Scored>[] = [
  { title: 'Data', value: ({ data }) => data },
  { title: 'Model', value: ({ model }) => model },
];
const defense: Column<Scored> = { title: 'Defence', value: (row) => row.defense };

/** Defences, averaged over attacks. */
export function averagesTable(rows: readonly Average[]): Html {
  return sortable<Average>([defense, ...where, { title: 'Attacks', value: ({ attacks }) => attacks }, ...scored], rows);
}

/** Every attack with every defence. */
export function rowsTable(rows: readonly Row[]): Html {
  const seeds: Column<Row> = { title: 'Seeds', value: ({ seconds }) => seconds.count, show: seedsOf };
  return sortable<Row>([{ title: 'Attack', value: ({ attack }) => attack }, defense, ...where, seeds, ...scored], rows);
}

/** Cells that failed, and why. */
export function failuresTable(failures: BenchTable['failures']): Html {
  return html`<div class="wide"><table class="plain"><thead><tr><th scope="col">Cell</th><th scope="col">Reason</th><th scope="col">Message</th></tr></thead>
<tbody>${failures.map(({ title, reason, message, cell }) => html`<tr><th scope="row">${title} <small>${cell}</small></th><td>${reason}</td><td class="message">${message}</td></tr>`)}</tbody></table></div>`;
}

function sortable<T extends Scored>(columns: readonly Column<T>[], rows: readonly T[]): Html {
  const numeric = columns.map(({ value }) => rows.length > 0 && typeof value(rows[0]) === 'number');
  const head = columns.map(({ title, small }, i) => {
    const kind = numeric[i] ? 'number' : 'text';
    return html`<th scope="col" class="${kind}" data-kind="${kind}" data-first="${numeric[i] && !small ? 'descending' : 'ascending'}"><button type="button">${title}</button></th>`;
  });
  const line = (row: T) => {
    const cells = columns.map(({ value, show }, i) => {
      const content = show ? show(row) : value(row);
      if (i === 0) return html`<th scope="row">${content}</th>`;
      const raw = value(row);
      return numeric[i] ? html`<td class="number" data-value="${Number.isNaN(raw) ? '' : raw}">${content}</td>` : html`<td>${content}</td>`;
    });
    return html`<tr class="${row.defense === NO_DEFENSE && 'none'}">${cells}</tr>
`;
  };
  return html`<div class="wide"><table class="sortable"><thead><tr>${head}</tr></thead>
<tbody>${rows.map(line)}</tbody></table></div>`;
}
