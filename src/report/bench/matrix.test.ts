import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Html } from '../markup.js';
import { matricesOf, matrixSection, triple } from './matrix.js';
import type { Row } from './table.js';

function row(data: string, attack: string, defense: string, asr?: number): Row {
  const of = (mean: number) => ({ mean, count: 1 });
  const scores = asr === undefined ? {} : { acc: of(0.9), asr: of(asr), ra: of(1 - asr) };
  return { data, model: 'small', attack, defense, scores, seconds: of(1), planned: 1, published: [] };
}

const rows = [
  row('mnist', 'BadNets', 'none', 1),
  row('mnist', 'BadNets', '<FT>', 0.5),
  row('gtsrb', 'BadNets', 'none', 0.9),
  row('mnist', 'SIG', 'none', 0.95),
  row('mnist', 'SIG', '<FT>', 0.05),
  row('mnist', 'BadNets', 'CLP', 0.051),
];

test('rows are laid out by network, defence and attack', () => {
  const [mnist, gtsrb, ...more] = matricesOf(rows);
  assert.equal(more.length, 0);
  assert.deepEqual(mnist.attacks, ['BadNets', 'SIG']);
  assert.deepEqual(
    mnist.lines.map(({ defense, cells }) => [defense, ...cells.map((cell) => cell?.scores.asr?.mean)]),
    [
      ['none', 1, 0.95],
      ['<FT>', 0.5, 0.05],
      ['CLP', 0.051, undefined],
    ],
  );
  assert.deepEqual([gtsrb.attacks, gtsrb.lines.length], [['BadNets'], 1]);
  assert.deepEqual(triple(rows[1]), ['90.0', '50.0', '50.0']);
  assert.equal(triple(row('mnist', 'SIG', 'FT')), undefined);
});

test('the section escapes names, shades by ASR, and is left out where there is nothing to compare', () => {
  const { text: section } = matrixSection(rows.filter(({ data }) => data === 'mnist')) as Html;
  assert.ok(section.includes('&lt;FT&gt;') && !section.includes('<FT>'));
  const shades = [...section.matchAll(/class="shade(\d)"><b>([\d.]+)/g)].map(([, shade, asr]) => [Number(shade), asr]);
  assert.deepEqual(shades, [
    [4, '100.0'],
    [4, '95.0'],
    [2, '50.0'],
    [0, '5.0'],
    [1, '5.1'],
  ]);
  assert.match(section, /<td>–<\/td>/);
  assert.equal(matrixSection(rows.filter(({ attack }) => attack === 'SIG').slice(0, 1)), false);
});
