import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeCells } from '../../testing/fake-cells.js';
import { Ledger } from './ledger.js';
import type { Outcome } from './outcome.js';

const done: Outcome = { status: 'done', inputs: { kind: 'plant' }, before: { acc: 1 }, seconds: 1, checksums: {} };
const failed: Outcome = { status: 'failed', title: 'x', reason: 'crash', message: 'x', when: '2026-01-01T00:00:00Z' };

test('cells are ready behind those that they need, and blocked behind those that failed', async () => {
  const cells = await fakeCells([1, 2]);
  const [plant1, ft1, clp1, plant2] = cells;
  const ledger = new Ledger(cells);
  assert.deepEqual(ledger.ready(), [plant1, plant2]);
  assert.deepEqual([ledger.settle(plant1, done), ledger.settle(plant1, failed)], [true, false]);
  assert.deepEqual(ledger.ready(), [ft1, clp1, plant2]);
  ledger.settle(plant2, failed);
  ledger.settle(ft1, failed);
  assert.deepEqual(ledger.ready(), [clp1]);
  assert.deepEqual([ledger.open, ledger.settled], [[clp1], 5]);
  ledger.settle(clp1, done);
  assert.deepEqual(ledger.tally(), { done: 2, failed: 2, blocked: 2 });
});
