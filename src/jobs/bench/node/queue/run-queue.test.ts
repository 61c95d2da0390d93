import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Interrupted } from '../../../../core/errors.js';
import { fakeCells, fakeChild, logged } from '../../../../testing/fake-cells.js';
import { startPostgres, type TestServer, whyNoPostgres } from '../../../../testing/postgres.js';
import type { WorkerOptions } from '../../../../testing/queue-worker.js';
import { temporaryFolders } from '../../../../testing/temporary.js';
import type { Cell } from '../../cells.js';
import { Locks } from '../lock.js';
import { Store } from '../store.js';
import { parseAddress } from './address.js';
import { Connection } from './connection.js';
import { gatherQueue, type QueueRun, runQueue } from './run-queue.js';

const place = temporaryFolders();
const skip = await whyNoPostgres();
/** A lease long enough for a machine that is short of time: a sign of life that comes too late would look like a fault. */
const times = { poll: 60, beat: 200, lease: 3_000, patience: 60_000 };

describe('a queue', { skip }, () => {
  let server: TestServer;
  let connection: Connection;
  /** Where the cells of a test say what they do. */
  let folder: string;
  /** Seeds of a test's own, as the database outlives it. */
  let seeds: number[] = [0, 0];
  let cells: Cell[];
  const workers: ChildProcess[] = [];

  before(async () => {
    server = await startPostgres();
    connection = await Connection.open({ address: parseAddress(server.url), times });
  });
  after(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await connection?.close();
    await server?.remove();
  });
  beforeEach(async () => {
    seeds = seeds.map((seed, i) => seed + 10 + i);
    cells = await fakeCells(seeds);
    folder = await place({ 'child.mjs': fakeChild });
  });

  /** A machine's share of the work: its own store, its own connection. */
  const machine = async (more: Partial<QueueRun> = {}) => {
    const store = more.store ?? new Store(await place());
    await store.open();
    const entry = join(folder, 'child.mjs');
    const run = { queue: server.url, store, cells, jobs: 1, threads: 1, keepModels: false, locks: new Locks(), entry, times, ...more };
    return { store, tally: runQueue(run) };
  };
  /** A machine that can be killed. */
  const spawnMachine = async () => {
    const store = new Store(await place());
    const options: WorkerOptions = { queue: server.url, store: store.folder, entry: join(folder, 'child.mjs'), seeds, times };
    const main = fileURLToPath(new URL('../../../../testing/queue-worker.js', import.meta.url));
    const process_ = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['ignore', 'ignore', 'inherit'] });
    workers.push(process_);
    return { store, process: process_, ended: once(process_, 'exit') };
  };
  const until = async (condition: () => Promise<boolean>) => {
    for (const began = performance.now(); !(await condition()); await pause(20))
      assert.ok(performance.now() - began < 60_000, 'for too long');
  };
  const begun = (what: string) => until(async () => (await logged(folder, 'begin')).includes(what));
  const once_ = () => seeds.flatMap((seed) => [`plant badnets ${seed}`, `repair clp ${seed}`, `repair ft ${seed}`]).sort();
  const done = { done: 6, failed: 0, blocked: 0 };
  /** Everything in the store, and that it is whole. */
  const check = async (store: Store) => {
    assert.deepEqual((await readdir(join(store.folder, 'cells'))).sort(), cells.map(({ name }) => name).sort());
    for (const { name, inputs } of cells) {
      assert.deepEqual((await store.read(name))?.status, 'done');
      if (inputs.kind === 'plant')
        assert.deepEqual(await readFile(join(store.cell(name), 'model.onnx')), Buffer.alloc(600_000, inputs.seed));
    }
    assert.deepEqual(await readdir(join(store.folder, 'work')), []);
  };
  /** Each cell has one row in the database, and the parts of one upload. */
  const counted = async () => {
    const ids = cells.map(({ name }) => name);
    const rows = await connection.query<{ cell: string; state: string; upload: string }>(
      `SELECT left(replace(id::text, '-', ''), 24) AS cell, state, output->'upload'->>'id' AS upload FROM antidote_bench.job
       WHERE left(replace(id::text, '-', ''), 24) = ANY($1)`,
      [ids],
    );
    assert.deepEqual(rows.map(({ cell, state }) => [cell, state]).sort(), ids.map((id) => [id, 'completed']).sort());
    const uploads = await connection.query<{ upload: string }>(`SELECT DISTINCT upload FROM antidote_bench.part WHERE cell = ANY($1)`, [
      ids,
    ]);
    assert.deepEqual(uploads.map(({ upload }) => upload).sort(), rows.map(({ upload }) => upload).sort());
  };

  test('can be set up by many at once', async () => {
    await connection.query('DROP SCHEMA antidote_bench CASCADE');
    const opened = await Promise.all(Array.from({ length: 6 }, () => Connection.open({ address: parseAddress(server.url), times })));
    for (const one of opened) {
      assert.deepEqual(await one.query('SELECT 1 AS one'), [{ one: 1 }]);
      await one.close();
    }
  });

  test('shares the cells among machines, each done once, and all of them end with everything', async () => {
    const [a, b] = await Promise.all([machine({ jobs: 2 }), machine()]);
    assert.deepEqual(await Promise.all([a.tally, b.tally]), [done, done]);
    assert.deepEqual(await logged(folder, 'begin'), once_());
    for (const { store } of [a, b]) await check(store);
    await counted();
    const late = await machine();
    assert.deepEqual(await late.tally, done);
    assert.deepEqual(await logged(folder, 'begin'), once_());
    await check(late.store);
    const only = new Store(await place());
    await only.open();
    assert.equal(await gatherQueue({ queue: server.url, store: only, cells }), 6);
    await check(only);
  });

  test('takes cells that a machine has done before', async () => {
    const half = await machine({ cells: cells.slice(0, 3) });
    await half.tally;
    await connection.query('DELETE FROM antidote_bench.job');
    const a = await machine({ store: half.store });
    await until(async () => (await connection.query("SELECT FROM antidote_bench.job WHERE state = 'completed'")).length >= 3);
    const b = await machine();
    assert.deepEqual(await Promise.all([a.tally, b.tally]), [done, done]);
    assert.deepEqual(await logged(folder, 'begin'), once_());
    await check(b.store);
    await counted();
  });

  test('gives the cell of a machine that was killed to another, and loses and doubles nothing', async () => {
    await writeFile(join(folder, `hold-${seeds[0]}`), '');
    const victim = await spawnMachine();
    await begun(`plant badnets ${seeds[0]}`);
    const other = await machine();
    await begun(`plant badnets ${seeds[1]}`);
    victim.process.kill('SIGKILL');
    await victim.ended;
    await rm(join(folder, `hold-${seeds[0]}`));
    assert.deepEqual(await other.tally, done);
    assert.deepEqual(await logged(folder, 'begin'), [...once_(), `plant badnets ${seeds[0]}`].sort());
    assert.deepEqual(await logged(folder, 'end'), once_());
    await check(other.store);
    await counted();
  });

  test('leaves a long cell with the machine that is at it, and does not count what one brings that was given up', async () => {
    await writeFile(join(folder, `hold-${seeds[0]}`), '');
    const first = await spawnMachine();
    await begun(`plant badnets ${seeds[0]}`);
    const second = await machine();
    await pause(1.5 * times.lease);
    assert.deepEqual((await logged(folder, 'begin')).filter((line) => line === `plant badnets ${seeds[0]}`).length, 1);
    // Asleep for longer than it may be; its child goes on and ends first.
    first.process.kill('SIGSTOP');
    await until(async () => (await logged(folder, 'begin')).filter((line) => line === `plant badnets ${seeds[0]}`).length === 2);
    await rm(join(folder, `hold-${seeds[0]}`));
    await until(async () => (await logged(folder, 'end')).filter((line) => line === `plant badnets ${seeds[0]}`).length === 2);
    first.process.kill('SIGCONT');
    assert.deepEqual(await second.tally, done);
    assert.deepEqual(await first.ended, [0, null]);
    assert.deepEqual(await logged(folder, 'end'), [...once_(), `plant badnets ${seeds[0]}`].sort());
    for (const { store } of [first, second]) await check(store);
    await counted();
  });

  test('keeps a crash as a failure, once, until it is told to try again', async () => {
    await writeFile(join(folder, `crash-${seeds[1]}`), '');
    const [a, b] = await Promise.all([machine(), machine()]);
    const failed = { done: 3, failed: 1, blocked: 2 };
    assert.deepEqual(await Promise.all([a.tally, b.tally]), [failed, failed]);
    const crash = `plant badnets ${seeds[1]}`;
    const tried = (await logged(folder, 'begin')).filter((line) => line === crash);
    assert.deepEqual(tried, [crash]);
    const [plant] = cells.filter(({ inputs }) => inputs.kind === 'plant' && inputs.seed === seeds[1]);
    for (const { store } of [a, b]) {
      const outcome = await store.read(plant.name);
      assert.ok(outcome?.status === 'failed');
      assert.deepEqual([outcome.reason, outcome.message], ['crash', 'the process ended with code 7']);
    }
    await rm(join(folder, `crash-${seeds[1]}`));
    assert.deepEqual(await (await machine({ store: a.store })).tally, failed);
    assert.deepEqual(await (await machine({ store: a.store, retryFailed: true })).tally, done);
    await check(a.store);
    await counted();
  });

  test('waits for a server that went away, and goes on', async () => {
    await writeFile(join(folder, `hold-${seeds[0]}`), '');
    const notes: string[] = [];
    const note = (line: string) => notes.push(line);
    const [a, b] = await Promise.all([machine({ note }), machine({ note })]);
    await begun(`plant badnets ${seeds[0]}`);
    await server.kill();
    await until(async () => notes.length > 0);
    await rm(join(folder, `hold-${seeds[0]}`));
    await pause(times.lease);
    await server.start();
    assert.deepEqual(await Promise.all([a.tally, b.tally]), [done, done]);
    assert.deepEqual(await logged(folder, 'begin'), once_());
    assert.match(notes[0], /^the queue at \/\S+\/postgres does not answer; waiting for it$/);
    await counted();
  });

  test('gets a cell back at once from a machine that is told to stop', async () => {
    await writeFile(join(folder, `hold-${seeds[0]}`), '');
    const stopping = new AbortController();
    const slow = { ...times, lease: 60_000 };
    const a = await machine({ signal: stopping.signal, times: slow });
    await begun(`plant badnets ${seeds[0]}`);
    stopping.abort();
    await assert.rejects(a.tally, (error) => error instanceof Interrupted);
    await rm(join(folder, `hold-${seeds[0]}`));
    assert.deepEqual(await (await machine({ times: slow })).tally, done);
    await counted();
  });
});
