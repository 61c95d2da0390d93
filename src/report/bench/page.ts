import { html } from '../markup.js';
import { page } from '../page.js';
import { style } from '../style.js';
import { matrixSection } from './matrix.js';
import { paretoSection } from './pareto.js';
import { script, scriptHash } from './sorting.js';
import { benchStyle } from './style.js';
import type { BenchTable } from './table.js';
import { averagesTable, failuresTable, rowsTable } from './tables.js';
import { AVERAGES, sourcesOf, stateOf } from './text.js';

/**
 * The leaderboard as one HTML file. Nothing is fetched; the one script in it sorts tables, and the page's own policy lets
 * no other run, by its hash.
 */
export async function benchPage(table: BenchTable): Promise<string> {
  const { name, averages, rows, failures } = table;
  const sources = sourcesOf([...averages, ...rows]);
  const main = html`<header><p class="kicker">Antidote</p><h1>Leaderboard: ${name}</h1><p>${stateOf(table)} Click a column's name to sort by it.</p></header>
${averages.length > 0 && html`<section><h2>Defences, averaged over attacks</h2><p>${AVERAGES}</p>${averagesTable(averages)}</section>`}
${matrixSection(rows)}
${paretoSection(averages)}
${rows.length > 0 && html`<section><h2>Every attack</h2>${rowsTable(rows)}</section>`}
${sources.length > 0 && html`<section><h2>Published numbers</h2><p>Other networks, attacks and options than here: to compare orders of magnitude.</p><ul class="sources">${sources.map((source) => html`<li>${source}</li>`)}</ul></section>`}
${failures.length > 0 && html`<section><h2>Failures</h2>${failuresTable(failures)}</section>`}
<section><h2>Terms</h2><dl class="terms">
<div><dt>ACC</dt><dd>share of clean test images that are classified right; higher is better</dd></div>
<div><dt>ASR</dt><dd>share of triggered test images that are taken for the attacker's class; lower is better</dd></div>
<div><dt>RA</dt><dd>share of the same images that are taken for what they are; higher is better</dd></div>
<div><dt>DER</dt><dd>defence effectiveness rating, [max(0, drop of ASR) − max(0, drop of ACC) + 1] / 2; 50 where nothing changed</dd></div>
</dl></section>
`;
  return page({ title: `${name}: leaderboard`, style: style + benchStyle, main, script: { text: script, hash: await scriptHash() } });
}
