import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { onInterrupt, type Signals } from './interrupt.js';

test('the first signal aborts the work, the second ends the process', () => {
  const exits: unknown[] = [];
  const process = Object.assign(new EventEmitter(), { exit: (code: number) => exits.push(code) });
  let said = 0;
  const { signal, release } = onInterrupt(process as unknown as Signals, () => said++);
  process.emit('SIGTERM');
  assert.deepEqual([signal.aborted, said, exits], [true, 1, []]);
  process.emit('SIGINT');
  assert.equal(exits[0], 130);
  release();
  assert.deepEqual([process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')], [0, 0]);
});
