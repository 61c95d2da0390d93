import assert from 'node:assert/strict';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFolders } from '../../../testing/temporary.js';
import { Locks } from './lock.js';

const place = temporaryFolders();
const never = () => assert.fail('the lock was lost');
const fast = { beat: 20, stale: 250 };
/** Some process that has ended: no system has numbers so high. */
const GONE = 2 ** 30;

test('one of many gets a lock, and another after it was let go', async () => {
  const folder = await place();
  const path = join(folder, 'a.lock');
  const tries = await Promise.all(Array.from({ length: 20 }, () => new Locks().tryAcquire(path, never)));
  const [held, ...more] = tries.filter((lock) => lock !== undefined);
  assert.ok(held && more.length === 0);
  await held.release();
  assert.deepEqual(await readdir(folder), []);
  const next = await new Locks().tryAcquire(path, never);
  assert.ok(next);
  await next.release();
});

test('the lock of a process of this machine that is gone is taken over at once, by one', async () => {
  const path = join(await place(), 'a.lock');
  await writeFile(path, JSON.stringify({ token: 'old', host: hostname(), pid: GONE }));
  const tries = await Promise.all(Array.from({ length: 10 }, () => new Locks(fast).tryAcquire(path, () => {})));
  const held = tries.filter((lock) => lock !== undefined);
  assert.equal(held.length, 1);
  await held[0].release();
});

test('the lock of another machine is taken over once it is no longer touched, whatever its clock says', async () => {
  const path = join(await place(), 'a.lock');
  await writeFile(path, JSON.stringify({ token: 'old', host: 'elsewhere', pid: 1 }));
  const locks = new Locks(fast);
  let time = 0;
  const touched = performance.now();
  while (performance.now() - touched < 2 * fast.stale) {
    await utimes(path, ++time, time);
    assert.equal(await locks.tryAcquire(path, never), undefined);
    await pause(20);
  }
  await pause(fast.stale + 50);
  const held = await locks.tryAcquire(path, never);
  assert.ok(held);
  assert.notEqual(JSON.parse(await readFile(path, 'utf8')).token, 'old');
  await held.release();
});

test('who holds a lock touches it, and hears when another took it', async () => {
  const path = join(await place(), 'a.lock');
  let lost = 0;
  const held = await new Locks(fast).tryAcquire(path, () => lost++);
  const watcher = new Locks(fast);
  const began = performance.now();
  // As this process lives, only the lack of a sign of life would give it away.
  while (performance.now() - began < 2 * fast.stale) {
    assert.equal(await watcher.tryAcquire(path, never), undefined);
    await pause(30);
  }
  assert.equal(lost, 0);
  const other = JSON.stringify({ token: 'another', host: 'elsewhere', pid: 1 });
  await writeFile(path, other);
  await pause(5 * fast.beat);
  assert.ok(lost > 0);
  await held?.release();
  assert.equal(await readFile(path, 'utf8'), other, 'the lock of another stays');
});
