import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolders } from '../../../testing/temporary.js';
import type { CellTask } from './protocol.js';
import { explainExit, spawnCell } from './spawn-cell.js';

const place = temporaryFolders();
const task = { out: 'nowhere', threads: 1 } as unknown as CellTask;

/** What becomes of a child that runs this program. */
async function endingOf(program: string, timeout?: number, signal?: AbortSignal) {
  const folder = await place({ 'child.mjs': program });
  return spawnCell(task, { entry: join(folder, 'child.mjs'), timeout, signal });
}

test('a child that ends in whatever way costs its cell only, and the way is told', async () => {
  const wait = 'setInterval(() => {}, 1000);';
  assert.deepEqual(await endingOf('process.exit(7)'), { failed: { reason: 'crash', message: 'the process ended with code 7' } });
  assert.deepEqual(await endingOf('throw new TypeError("no such thing")'), {
    failed: { reason: 'crash', message: 'the process ended with code 1; it printed: TypeError: no such thing' },
  });
  const ended = await endingOf('process.kill(process.pid, "SIGBUS"); setInterval(() => {}, 1000);');
  assert.deepEqual(ended, { failed: { reason: 'crash', message: 'the process was ended by SIGBUS' } });
  assert.deepEqual(await endingOf(`process.kill(process.pid, "SIGKILL"); ${wait}`), {
    failed: { reason: 'out of memory', message: 'the process was killed (SIGKILL), as systems do when memory runs out' },
  });
  assert.deepEqual(await endingOf(wait, 0.3), { failed: { reason: 'timeout', message: 'not finished after 0.3 s' } });
});

test('a child is told what to do, and to stop', async () => {
  const echo = (answer: string) => `process.on('message', (m) => { process.send(${answer}); process.disconnect(); });`;
  assert.deepEqual(await endingOf(echo('{ failed: { reason: "error", message: m.do.out } }')), {
    failed: { reason: 'error', message: 'nowhere' },
  });
  const aborted = AbortSignal.abort();
  assert.equal(await endingOf(echo('m.stop ? { interrupted: true } : { done: 1 }'), undefined, aborted), 'interrupted');
});

test('what was printed last tells of memory', () => {
  const heap = explainExit(
    null,
    'SIGABRT',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n\n 1: 0xca5580\n',
  );
  assert.deepEqual([heap.reason, /FATAL ERROR/.test(heap.message)], ['out of memory', true]);
  const { reason } = explainExit(1, null, "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n");
  assert.equal(reason, 'out of memory');
});
