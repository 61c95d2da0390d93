import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchPage } from '../../report/bench/page.js';
import { paretoFront } from '../../report/bench/pareto.js';
import { benchCsv, benchMarkdown } from '../../report/bench/text.js';
import { aggregate } from './aggregate.js';
import { cellsOf, placesOf } from './cells.js';
import { readGrid } from './grid.js';
import type { Outcome } from './outcome.js';

const grid = readGrid(
  { attacks: ['badnets', { name: 'blended', label: '=a "b", <i>' }], defenses: ['ft', 'fmp'], data: ['cifar10'], seeds: [3, 4] },
  'g.yaml',
);
const places = await placesOf(grid);
const before = { acc: 0.9, asr: 1, ra: 0 };
const done = (title: string, seed: number): Outcome => {
  const after = / x FMP/.test(title) ? { acc: 0.8 + 0.02 * (seed - 3), asr: 0.1, ra: 0.7 } : { acc: 0.9, asr: 1, ra: 0 };
  return { status: 'done', inputs: { kind: 'repair' }, before, ...(title.includes(' x ') && { after }), seconds: seed, checksums: {} };
};
const outcomes = new Map(cellsOf(places).map(({ name, title, inputs: { seed } }) => [name, done(title, seed)]));
const failed: Outcome = { status: 'failed', title: 'x', reason: 'crash', message: '<b>', when: '2026-01-01T00:00:00Z' };

test('rows hold mean and sample deviation over seeds, DER against the same model before', () => {
  const { rows, cells } = aggregate(grid, places, outcomes);
  assert.deepEqual(cells, { done: 12, failed: 0, blocked: 0, pending: 0 });
  assert.deepEqual(
    rows.map(({ attack, defense }) => `${attack} ${defense}`),
    ['BadNets none', 'BadNets FT', 'BadNets FMP', '=a "b", <i> none', '=a "b", <i> FT', '=a "b", <i> FMP'],
  );
  const { scores, seconds } = rows[2];
  assert.ok(Math.abs((scores.acc?.mean ?? 0) - 0.81) < 1e-12 && Math.abs((scores.acc?.deviation ?? 0) - 0.02 / Math.SQRT2) < 1e-12);
  // [0.9 - 0.1 + 1] / 2 with seed 3, [0.9 - 0.08 + 1] / 2 with seed 4.
  assert.ok(Math.abs((scores.der?.mean ?? 0) - 0.905) < 1e-12);
  assert.deepEqual([seconds.mean, rows[0].scores.der, rows[1].scores.der?.mean], [3.5, undefined, 0.5]);
});

test('averages are over the attacks that every defence was tried on, beside what was published', () => {
  const { averages } = aggregate(grid, places, outcomes);
  assert.deepEqual(
    averages.map(({ defense, attacks, published }) => [defense, attacks, published.map(({ value }) => value)]),
    [
      ['none', 2, []],
      ['FT', 2, []],
      ['FMP', 2, [0.0286, 0.874]],
    ],
  );
  const less = new Map(outcomes);
  for (const { attack, repairs } of places) if (attack.name === 'blended') less.delete(repairs[1].cell.name);
  assert.deepEqual(new Set(aggregate(grid, places, less).averages.map(({ attacks }) => attacks)), new Set([1]));
});

test('cells behind a failed one are blocked, and seeds that are missing show', () => {
  const broken = new Map(outcomes);
  broken.set(places[0].plant.name, failed);
  for (const { cell } of places[0].repairs) broken.delete(cell.name);
  const table = aggregate(grid, places, broken);
  assert.deepEqual(table.cells, { done: 9, failed: 1, blocked: 2, pending: 0 });
  assert.match(benchMarkdown(table), /\| BadNets \| FMP \| 1 of 2 \|/);
  assert.deepEqual(
    table.failures.map(({ message }) => message),
    ['<b>'],
  );
});

test('names from files are quoted in CSV and escaped in Markdown and HTML', async () => {
  const table = aggregate(grid, places, outcomes);
  assert.match(benchCsv(table), /,"'=a ""b"", <i>",FMP,2,2,0\.81,0\.014142136,/);
  assert.match(benchMarkdown(table), /\| =a "b", \\<i\\> \|/);
  const page = await benchPage(table);
  assert.ok(!page.includes('<i>"') && page.includes('=a &quot;b&quot;, &lt;i&gt;'));
});

test('the page runs one script, which its policy knows by its hash, and fetches nothing', async () => {
  const page = await benchPage(aggregate(grid, places, outcomes));
  const [script, ...more] = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)];
  assert.equal(more.length, 0);
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(script[1]))).toString('base64');
  assert.match(page, /default-src &#39;none&#39;|default-src 'none'/);
  assert.ok(page.includes(`script-src &#39;sha256-${digest}&#39;`));
  assert.doesNotMatch(page, /(src|href)="?http/);
});

test('the front holds what no other point beats', () => {
  const points = [
    { asr: 0, acc: 80 },
    { asr: 10, acc: 90 },
    { asr: 10, acc: 85 },
    { asr: 20, acc: 90 },
    { asr: 50, acc: 95 },
  ];
  assert.deepEqual(paretoFront(points), [points[0], points[1], points[4]]);
});
