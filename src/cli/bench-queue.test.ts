import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCli } from '../testing/cli.js';
import { startPostgres, type TestServer, whyNoPostgres } from '../testing/postgres.js';
import { shades } from '../testing/shades.js';
import { temporaryFolders, temporaryHome } from '../testing/temporary.js';

const place = temporaryFolders();
temporaryHome(place);
const skip = await whyNoPostgres();

const grid = `
name: small
data:
  - { name: ./images, label: shades }
models:
  - { name: preactresnet18, label: tiny, options: { width: 2, depths: [1] } }
training: { epochs: 1, batch_size: 20, lr: 0.05, crop_padding: 0 }
ratio: 0.5
attacks:
  - { name: badnets, options: { pratio: 0.2, patch_size: 2, attack_target: 1 } }
defenses:
  - { name: ft, options: { epochs: 1, batch_size: 10 } }
  - clp
`;
const CELLS = 3;

let folder: string;
before(async () => {
  folder = await place({ ...shades(), 'grid.yaml': grid });
});
const bench = (...options: string[]) => runCli(['bench', 'grid.yaml', '--threads', '1', ...options], { cwd: folder });

describe('a grid with a queue', { skip }, () => {
  let server: TestServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server?.remove());

  test('is shared by two machines, and both end with the same table and the same files', async () => {
    const machines = await Promise.all(['a', 'b'].map((store) => bench('--queue', server.url, '--store', store)));
    for (const { code, err } of machines) assert.equal(code, 0, err);
    assert.deepEqual(
      machines.map(({ err }) => (err.match(/^ACC /gm) ?? []).length),
      [CELLS, CELLS],
    );
    const gathered = await bench('--queue', server.url, '--store', 'c', '--report');
    assert.equal(gathered.code, 0, gathered.err);
    for (const { out, err } of [...machines, gathered]) assert.ok(!(out + err).includes(server.password));
    const [first, ...others] = await Promise.all(['a', 'b', 'c'].map((store) => readFile(join(folder, store, 'table.json'), 'utf8')));
    assert.deepEqual(JSON.parse(first).cells, { done: CELLS, failed: 0, blocked: 0, pending: 0 });
    // Seconds and memory, too: they come from whoever computed the cell.
    for (const other of others) assert.equal(other, first);
    for (const name of await readdir(join(folder, 'a', 'cells')))
      for (const file of await readdir(join(folder, 'a', 'cells', name))) {
        const path = join('cells', name, file);
        assert.deepEqual(await readFile(join(folder, 'b', path)), await readFile(join(folder, 'a', path)), path);
      }
  });

  test('is refused in one line without the password where the server refuses', async () => {
    const wrong = server.url.replace(server.password, 'another-secret');
    const { code, err } = await bench('--queue', wrong, '--store', 'd');
    assert.deepEqual([code, err.trim().split('\n').length], [2, 1], err);
    assert.match(err, /cannot use the queue at \/\S+\/postgres: it refuses the password; set PGPASSWORD/);
    assert.ok(!err.includes('another-secret'));
    const missing = await bench('--queue', server.url.replace(/postgres$/, 'nowhere'), '--store', 'd');
    assert.deepEqual([missing.code, /there is no such database; create it/.test(missing.err)], [2, true], missing.err);
  });
});

test('a queue that cannot be is refused in one line, and no password is repeated', async () => {
  const cases: [string[], RegExp][] = [
    [['--queue', 'postgres://me:hidden@127.0.0.1:1/work'], /cannot use the queue at 127\.0\.0\.1:1\/work: nothing listens there/],
    [['--queue', 'postgres://me:hidden@%2Fnowhere/work'], /cannot use the queue at \/nowhere\/work: there is no such socket/],
    [['--queue', 'redis://me:hidden@127.0.0.1'], /the queue's address is not that of a PostgreSQL database; write postgres:/],
    [['--queue', 'postgres://me:12/hidden@127.0.0.1/work'], /the queue's address cannot be read; write postgres:/],
    [['--queue', 'postgres://me:hidden@127.0.0.1/work', '--shard', '0/2'], /options queue and shard exclude each other/],
  ];
  for (const [options, message] of cases) {
    const { code, out, err } = await bench(...options);
    assert.deepEqual([code, err.trim().split('\n').length], [2, 1], err);
    assert.match(err, message);
    assert.ok(!(out + err).includes('hidden'));
  }
});

test('without its package a queue is refused in one line, and all else works', async () => {
  const hooks = `export async function resolve(name,context,next){if(name==='pg-boss')throw Object.assign(new Error(),{code:'ERR_MODULE_NOT_FOUND'});return next(name,context)}`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const { NODE_OPTIONS: given } = process.env;
  process.env.NODE_OPTIONS = `--import ${url(`import{register}from'node:module';register(${JSON.stringify(url(hooks))})`)}`;
  try {
    const { code, err } = await bench('--queue', 'postgres://localhost/work');
    assert.deepEqual(
      [code, err.trim()],
      [2, "antidote: option queue needs the package pg-boss, which is not installed; run 'npm install pg-boss@10'"],
    );
    assert.equal((await bench('--report')).code, 0);
  } finally {
    if (given === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = given;
  }
});
