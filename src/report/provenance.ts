import { version } from '../core/version.js';
import { duration, integer, megabytes, moment } from './format.js';
import { type Content, type Html, html } from './markup.js';
import type { Result } from './result.js';

/** What it takes to make the result again: seed, data, software, machine, command; and what it cost. */
export function provenanceSection(result: Result): Html {
  const facts = factsOf(result).filter(([, value]) => value !== undefined);
  return html`<section><h2>Provenance</h2>
<div class="tables"><dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${phasesTable(result)}</div>
${result.command !== undefined && html`<p>Made by</p><pre><code>${result.command}</code></pre>`}
</section>
`;
}

function factsOf({ created, seed, device, data, versions }: Result): [string, Content][] {
  const checksums = Object.entries(data?.checksums ?? {});
  const sums = html`<ul class="sums">${checksums.map(([file, sum]) => html`<li>${file} <code>${sum}</code></li>`)}</ul>`;
  return [
    ['Finished', html`<time datetime="${created}">${moment(created)}</time>`],
    ['Seed', seed],
    ['Device', device && deviceInWords(device)],
    [
      'Software',
      versions &&
        Object.entries(versions)
          .map(([name, value]) => `${name} ${value}`)
          .join(', '),
    ],
    ['Data', data && dataInWords(data)],
    ['Read from', data?.origin],
    ['SHA-256', checksums.length > 0 && sums],
    ['Report', versions?.antidote === version ? undefined : `drawn by antidote ${version}`],
  ];
}

function deviceInWords({ kind, threads, cpu, forms }: NonNullable<Result['device']>): string {
  const parts = [
    kind === 'cpu' ? 'CPU' : kind,
    threads !== undefined && `${threads} thread${threads === 1 ? '' : 's'}`,
    cpu,
    forms && 'forms of convolutions by measurement',
  ];
  return parts.filter(Boolean).join(', ');
}

function dataInWords({ name, train, test, clean }: NonNullable<Result['data']>): string {
  const counts = [
    train !== undefined && `${integer(train)} training images`,
    test !== undefined && `${integer(test)} test images`,
    clean !== undefined && `${integer(clean)} clean images for the defence`,
  ].filter(Boolean);
  return counts.length > 0 ? `${name}: ${counts.join(', ')}` : name;
}

function phasesTable({ phases }: Result): Html | undefined {
  if (!phases || phases.length === 0) return undefined;
  const total = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  const memory = phases.some(({ peakMemoryMB }) => peakMemoryMB !== undefined);
  const peak = Math.max(...phases.map(({ peakMemoryMB }) => peakMemoryMB ?? 0));
  const row = (name: Content, seconds: number, megabyte: number | undefined) =>
    html`<tr><th scope="row">${name}</th><td>${duration(seconds)} <span class="bar"><i style="width:${((seconds / (total || 1)) * 100).toFixed(2)}%"></i></span></td>${
      memory && html`<td>${megabyte === undefined ? '–' : megabytes(megabyte)}</td>`
    }</tr>
`;
  return html`<table class="plain phases"><caption>Time and memory</caption>
<thead><tr><th scope="col">Phase</th><th scope="col">Time</th>${memory && html`<th scope="col">Peak memory</th>`}</tr></thead>
<tbody>${phases.map(({ name, seconds, peakMemoryMB }) => row(name, seconds, peakMemoryMB))}</tbody>
<tfoot>${row('In all', total, memory ? peak : undefined)}</tfoot></table>`;
}
