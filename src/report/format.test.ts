import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, figure, integer, moment, percent, percentRange, points, setting } from './format.js';
import { roundScale, wholeScale } from './scale.js';
import { strip } from './strip.js';

const plain = (text: string) => text.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-');

test('numbers are written for readers', () => {
  assert.equal(plain(percent(0.98714)), '98.71 %');
  assert.equal(plain(percent(1, 0)), '100 %');
  assert.equal(plain(percentRange(0.098, 0.314)), '9.80 – 31.40 %');
  assert.equal(plain(percentRange(0.5, 0.5)), '50.00 %');
  assert.equal(plain(points(-0.00191)), '-0.19');
  assert.equal(plain(points(0.00001)), '±0.00');
  assert.deepEqual([0, 999, 1000, 1234567].map(integer), ['0', '999', '1,000', '1,234,567']);
  assert.deepEqual(
    [null, 0, 2.30269, 0.0142, -0.00001234, 12345678].map((value) => plain(figure(value))),
    ['–', '0', '2.303', '0.0142', '-1.23e-5', '1.23e+7'],
  );
  assert.equal(moment('2026-03-04T15:16:17.123Z'), '2026-03-04 15:16 UTC');
  assert.deepEqual(
    ['a', 0.5, [1, 2], null, undefined].map((value) => setting(value)),
    ['a', '0.5', '[1,2]', 'null', '–'],
  );
  assert.equal(setting('x'.repeat(20), 5), 'xxxxx…');
});

test('durations carry over instead of showing sixty of anything', () => {
  assert.deepEqual(
    [0, 8.44, 59.94, 59.96, 65, 3599.6, 7380].map((seconds) => plain(duration(seconds))),
    ['0.0 s', '8.4 s', '59.9 s', '1 min 00 s', '1 min 05 s', '1 h 00 min', '2 h 03 min'],
  );
});

test('axes have round ticks that enclose the values', () => {
  assert.deepEqual(roundScale(0, 0.61).ticks, [0, 0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(roundScale(0, 1, 5).ticks, [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(roundScale(97.3, 100).ticks, [97, 98, 99, 100]);
  assert.ok(roundScale(3, 3).ticks.length >= 2);
  assert.equal(roundScale(0, 1).at(0.25), 0.25);
  assert.deepEqual(wholeScale(1, 1).ticks, [1, 2]);
  assert.deepEqual(wholeScale(1, 6).ticks, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(wholeScale(1, 100).ticks, [1, 20, 40, 60, 80, 100]);
});

test('dots at the same place are stacked apart, and crowds stay within the strip', () => {
  const dots = (number: number) => Array.from({ length: number }, (_, i) => ({ value: 0.5, marked: false, tooltip: `${i}` }));
  const heights = (number: number) =>
    [...strip(dots(number), roundScale(0, 1), '').text.matchAll(/cy="([\d.]+)"/g)].map((match) => Number(match[1]));
  assert.equal(new Set(heights(5)).size, 5);
  const crowd = heights(400);
  assert.equal(crowd.length, 400);
  assert.ok(Math.min(...crowd) >= 3 && Math.max(...crowd) <= 41);
});
