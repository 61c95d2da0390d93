import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { parseGtsrbCsv } from './gtsrb-csv.js';

const header = 'Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId';
const parse = (...lines: string[]) => parseGtsrbCsv(new TextEncoder().encode(lines.join('\r\n')), 43, 'GT.csv');

test('each line gives a picture and its class', () => {
  assert.deepEqual(parse(header, '00000_00001.ppm;29;30;5;6;24;25;0', '00000.ppm;53;54;6;5;48;49;42', ''), [
    { name: '00000_00001.ppm', label: 0 },
    { name: '00000.ppm', label: 42 },
  ]);
});

test('a table that is damaged, or has no labels, is a user error with the line', () => {
  const cases: [string[], RegExp][] = [
    [[header.replace(';ClassId', ''), '00000.ppm;53;54;6;5;48;49'], /is no table of GTSRB's labels: line 1 is not/],
    [[''], /line 1 is not/],
    [[header, '1.ppm;1;1;0;0;1;1;0', '2.ppm;1;1;0;0;1;1;43'], /is damaged in line 3: it gives no picture and class from 0 to 42/],
    [[header, '1.ppm;1;1;0;0;1;1'], /in line 2/],
    [[header, '../1.ppm;1;1;0;0;1;1;0'], /in line 2/],
  ];
  for (const [lines, problem] of cases) {
    assert.throws(
      () => parse(...lines),
      (error) => error instanceof UserError && problem.test(error.message) && error.message.startsWith("'GT.csv' "),
    );
  }
});
