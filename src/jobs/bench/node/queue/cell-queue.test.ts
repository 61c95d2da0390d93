import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { UserError } from '../../../../core/errors.js';
import { fakeCells } from '../../../../testing/fake-cells.js';
import { startPostgres, type TestServer, whyNoPostgres } from '../../../../testing/postgres.js';
import { temporaryFolders } from '../../../../testing/temporary.js';
import type { Cell } from '../../cells.js';
import type { Outcome } from '../../outcome.js';
import { parseAddress } from './address.js';
import { discardOthers, download, upload } from './cell-files.js';
import { CellQueue, type Job } from './cell-queue.js';
import { Connection } from './connection.js';
import { queueTimes } from './times.js';

const place = temporaryFolders();
const skip = await whyNoPostgres();

describe('jobs', { skip }, () => {
  let server: TestServer;
  let connection: Connection;
  let cells: Cell[];
  let queue: CellQueue;
  let seed = 0;
  before(async () => {
    server = await startPostgres();
    connection = await Connection.open({ address: parseAddress(server.url), times: queueTimes });
  });
  after(async () => {
    await connection?.close();
    await server?.remove();
  });
  beforeEach(async () => {
    cells = await fakeCells([seed++]);
    queue = await CellQueue.open(connection, cells);
  });

  const rank = (cell: Cell) => cells.indexOf(cell);
  const done = ({ inputs }: Cell, seconds = 1): Outcome => ({
    status: 'done',
    inputs: { ...inputs },
    before: { acc: 1 },
    seconds,
    checksums: {},
  });
  const fail = ({ title }: Cell): Outcome => ({ status: 'failed', title, reason: 'crash', message: 'x', when: '2026-01-01T00:00:00Z' });
  /** Lets the time of a job run out, or of all. */
  const age = () => connection.query(`UPDATE antidote_bench.job SET started_on = started_on - interval '61 s' WHERE state = 'active'`);
  const takeOne = async (): Promise<Job> => {
    const [job, ...more] = await queue.take(1);
    assert.ok(job && more.length === 0);
    return job;
  };

  test('are handed out once each, in order, however often they are added', async () => {
    for (let i = 0; i < 3; i++) await queue.add(cells, rank);
    const names = [await takeOne(), await takeOne(), ...(await queue.take(2))].map(({ cell }) => cell);
    assert.deepEqual(
      names,
      cells.map(({ name }) => name),
    );
    await queue.add(cells, rank);
    assert.deepEqual(await queue.take(3), []);
  });

  test('stay with who gives signs of life, and go to one other when there is none', async () => {
    await queue.add([cells[0]], rank);
    const job = await takeOne();
    await age();
    assert.equal(await queue.beat(job), true);
    await queue.expire();
    assert.deepEqual(await queue.take(1), []);
    await age();
    await queue.expire();
    const next = await takeOne();
    assert.deepEqual(await queue.take(1), []);
    // The first has no say any more.
    assert.deepEqual(
      [await queue.beat(job), await queue.release(job), await queue.settle(job, { outcome: fail(cells[0]) })],
      [false, false, false],
    );
    assert.equal(await queue.settle(next, { outcome: done(cells[0]) }), true);
    assert.equal(await queue.settle(next, { outcome: done(cells[0], 2) }), false);
    assert.deepEqual((await queue.outcomes(cells)).get(cells[0].name)?.outcome, done(cells[0]));
  });

  test('count as crashed when six workers vanished while at them, and as often as they are handed back do not', async () => {
    await queue.add([cells[0]], rank);
    for (let i = 0; i < 8; i++) assert.equal(await queue.release(await takeOne()), true);
    for (let i = 0; i < 6; i++) {
      assert.equal((await queue.outcomes(cells)).size, 0);
      await takeOne();
      await age();
      await queue.expire();
    }
    assert.deepEqual(await queue.take(1), []);
    const outcome = (await queue.outcomes(cells)).get(cells[0].name)?.outcome;
    assert.ok(outcome?.status === 'failed' && outcome.title === cells[0].title);
    assert.deepEqual([outcome.reason, /one worker after the other vanished/.test(outcome.message)], ['crash', true]);
    await queue.retry(cells);
    assert.equal((await queue.outcomes(cells)).size, 0);
    assert.equal(await queue.settle(await takeOne(), { outcome: done(cells[0]) }), true);
  });

  test('that failed are not handed out again, and give way to an outcome from elsewhere', async () => {
    await queue.add([cells[0]], rank);
    assert.equal(await queue.settle(await takeOne(), { outcome: fail(cells[0]) }), true);
    assert.deepEqual(await queue.take(1), []);
    assert.deepEqual((await queue.outcomes(cells)).get(cells[0].name), { outcome: fail(cells[0]) });
    assert.equal(await queue.publish(cells[0], { outcome: done(cells[0]) }), true);
    assert.equal(await queue.publish(cells[0], { outcome: done(cells[0], 2) }), false);
    assert.deepEqual((await queue.outcomes(cells)).get(cells[0].name), { outcome: done(cells[0]) });
    await queue.retry(cells);
    assert.deepEqual(await queue.take(1), []);
  });

  test('of another grid count where they are done, not where they failed', async () => {
    await queue.publish(cells[0], { outcome: done(cells[0]) });
    await queue.publish(cells[1], { outcome: fail(cells[1]) });
    const wider = await CellQueue.open(connection, [...cells, ...(await fakeCells([1000]))]);
    assert.notEqual(wider.name, queue.name);
    assert.deepEqual([...(await wider.outcomes(cells)).keys()], [cells[0].name]);
  });

  test('have files that come back as they were, and damage is noticed', async () => {
    const big = Buffer.from(Array.from({ length: 700_001 }, (_, i) => (i * i) % 251));
    const folder = await place({ 'model.onnx': big, 'cell.json': '{}', 'empty.txt': '' });
    const [name] = [cells[0].name];
    const old = await upload(connection, name, folder);
    const files = await upload(connection, name, folder);
    await discardOthers(connection, name, files);
    const target = await place();
    await download(connection, name, files, target);
    assert.deepEqual((await readdir(target)).sort(), ['cell.json', 'empty.txt', 'model.onnx']);
    assert.deepEqual(await readFile(join(target, 'model.onnx')), big);
    const refused = async (what: typeof files) =>
      assert.rejects(
        download(connection, name, what, await place()),
        (error) => error instanceof UserError && /does not have \S+ of cell \w+ as it was put there; delete the row/.test(error.message),
      );
    await refused(old);
    await connection.query("UPDATE antidote_bench.part SET bytes = set_byte(bytes, 5, 1) WHERE path = 'model.onnx' AND number = 1");
    await refused(files);
    await connection.query("DELETE FROM antidote_bench.part WHERE path = 'model.onnx' AND number = 2");
    await refused(files);
  });
});
