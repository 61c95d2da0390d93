import { type Html, html } from '../markup.js';
import { NO_DEFENSE, type Row } from './table.js';

/** One network on one data set: a line for each defence, a place in it for each attack. */
export interface Matrix {
  readonly data: string;
  readonly model: string;
  readonly attacks: readonly string[];
  readonly lines: readonly { readonly defense: string; readonly cells: readonly (Row | undefined)[] }[];
}

/** Rows by network, defence and attack, each in the order in which it comes first. */
export function matricesOf(rows: readonly Row[]): Matrix[] {
  const network = ({ data, model }: Row) => JSON.stringify([data, model]);
  return unique(rows.map(network)).map((key) => {
    const own = rows.filter((row) => network(row) === key);
    const attacks = unique(own.map(({ attack }) => attack));
    const lines = unique(own.map(({ defense }) => defense)).map((defense) => ({
      defense,
      cells: attacks.map((attack) => own.find((row) => row.attack === attack && row.defense === defense)),
    }));
    return { data: own[0].data, model: own[0].model, attacks, lines };
  });
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

/** Means over seeds, in percent with one decimal: ACC, ASR and RA; undefined where the attack was not measured. */
export function triple(row: Row | undefined): readonly string[] | undefined {
  const { acc, asr, ra } = row?.scores ?? {};
  return acc && asr && ra && [acc, asr, ra].map(({ mean }) => (100 * mean).toFixed(1));
}

/** Upper ends of the shades of ASR, 0..1. */
const SHADES = [0.05, 0.2, 0.5, 0.8, 1];

/** What each defence leaves of each attack, shaded by ASR. */
export function matrixSection(rows: readonly Row[]): Html | false {
  const matrices = matricesOf(rows);
  if (matrices.every(({ attacks, lines }) => attacks.length < 2 || lines.length < 2)) return false;
  return html`<section><h2>What is left of each attack</h2><p>ASR in percent, shaded, over ACC and RA; means over seeds.</p>
${matrices.map(matrixTable)}</section>`;
}

function matrixTable({ data, model, attacks, lines }: Matrix): Html {
  return html`<div class="wide"><table class="matrix"><caption>${data}, ${model}</caption><thead><tr><td></td>${attacks.map((attack) => html`<th scope="col">${attack}</th>`)}</tr></thead>
<tbody>${lines.map(
    ({
      defense,
      cells,
    }) => html`<tr class="${defense === NO_DEFENSE && 'none'}"><th scope="row">${defense}</th>${cells.map(matrixCell)}</tr>
`,
  )}</tbody></table></div>`;
}

function matrixCell(row: Row | undefined): Html {
  const numbers = triple(row);
  if (!numbers) return html`<td>–</td>`;
  const shade = SHADES.findIndex((end) => (row?.scores.asr?.mean ?? 0) <= end);
  return html`<td class="shade${shade}"><b>${numbers[1]}</b><small>${numbers[0]} · ${numbers[2]}</small></td>`;
}
