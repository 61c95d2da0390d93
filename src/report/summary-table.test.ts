import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Result } from './result.js';
import { summaryTable } from './summary-table.js';

const bare: Result = { version: 1, kind: 'repair', created: '2026-03-04T15:16:17.123Z' };

test('the summary for terminals is aligned', () => {
  const before = { acc: 0.98904, asr: 0.99833, ra: 0.0015 };
  const after = { acc: 0.9871, asr: 0.0061, ra: 0.97 };
  const table = summaryTable({ ...bare, before, ft: { acc: 0.98, asr: 0.45, ra: 0.5 }, after, defense: { method: 'fmp', options: {} } });
  assert.deepEqual(table.split('\n'), [
    '                   ACC      ASR       RA',
    'Before repair  98.90 %  99.83 %   0.15 %',
    'FT             98.00 %  45.00 %  50.00 %',
    'FMP            98.71 %   0.61 %  97.00 %',
  ]);
});

test('the summary shows a dash for what was not measured, and nothing for nothing', () => {
  assert.match(summaryTable({ ...bare, before: { acc: 1 } }), /100\.00 %\s+–\s+–$/);
  assert.equal(summaryTable(bare), '');
});
