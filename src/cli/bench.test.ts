import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { BenchTable } from '../report/bench/table.js';
import { type Result, readResult } from '../report/result.js';
import { runCli } from '../testing/cli.js';
import { shades } from '../testing/shades.js';
import { temporaryFolders, temporaryHome } from '../testing/temporary.js';

const place = temporaryFolders();
temporaryHome(place);

const CELLS = 2 * (1 + 3);

const grid = `
name: small
data:
  - { name: ./images, label: shades }
models:
  - { name: preactresnet18, label: tiny, options: { width: 2, depths: [1] } }
training: { epochs: 2, batch_size: 20, lr: 0.05, crop_padding: 0 }
ratio: 0.5
attacks:
  - { name: badnets, options: { pratio: 0.2, patch_size: 2, attack_target: 1 } }
  - { name: badnets, label: Wide, options: { pratio: 0.2, patch_size: 4, attack_target: 1 } }
defenses:
  - { name: ft, options: { epochs: 1, batch_size: 10 } }
  - clp
  - { name: ft, label: FT 2, options: { epochs: 2, batch_size: 10 } }
`;

let folder: string;
before(async () => {
  folder = await place({ ...shades(), 'grid.yaml': grid });
});

const bench = (...options: string[]) => runCli(['bench', 'grid.yaml', '--threads', '1', ...options], { cwd: folder });
const readTable = async (store: string) => JSON.parse(await readFile(join(folder, store, 'table.json'), 'utf8')) as BenchTable;
/** The table without what no two runs have in common: time and memory. */
const scoresIn = async (store: string) => {
  const { rows, averages, cells } = await readTable(store);
  const bare = ({ seconds: { count }, peakMemoryMB: _, ...rest }: { seconds: { count: number }; peakMemoryMB?: number }) => ({
    ...rest,
    count,
  });
  return { cells, rows: rows.map(bare), averages: averages.map(bare) };
};

describe('a grid', () => {
  test('done in two parts and merged', async () => {
    const parts = await Promise.all([bench('--store', 'a', '--shard', '0/2'), bench('--store', 'b', '--shard', '1/2')]);
    for (const { code, err } of parts) assert.equal(code, 0, err);
    assert.deepEqual(
      [(await readTable('a')).cells, (await readTable('b')).cells],
      Array(2).fill({ done: 4, failed: 0, blocked: 0, pending: 4 }),
    );
    const merged = await bench('--store', 'merged', '--merge', 'a,b', '--report');
    assert.equal(merged.code, 0, merged.err);
    const { cells, rows, averages } = await readTable('merged');
    assert.deepEqual(cells, { done: CELLS, failed: 0, blocked: 0, pending: 0 });
    assert.deepEqual([rows.length, averages.length], [CELLS, 4]);
    assert.ok(rows.every(({ scores }) => scores.acc && scores.asr && scores.ra));
    for (const name of ['table.csv', 'table.md', 'leaderboard.html']) assert.ok(existsSync(join(folder, 'merged', name)), name);
  });

  test('measures a backdoored model once, not again for every repair', async () => {
    const cells = join(folder, 'merged', 'cells');
    const results = new Map<string, Result>();
    for (const name of await readdir(cells)) results.set(name, readResult(await readFile(join(cells, name, 'result.json'), 'utf8'), name));
    for (const [name, { kind, before, phases }] of results) {
      if (kind !== 'repair') continue;
      const { inputs } = JSON.parse(await readFile(join(cells, name, 'cell.json'), 'utf8')) as { inputs: { plant: string } };
      assert.deepEqual(before, results.get(inputs.plant)?.before);
      assert.ok(!phases?.some((phase) => phase.name === 'measure before'));
    }
  });

  test('killed half-way, gone on with, gives the same table', async () => {
    let killed = false;
    const { code } = await runCli(['bench', 'grid.yaml', '--threads', '1', '--store', 'killed', '--jobs', '2'], {
      cwd: folder,
      watch: (printed, kill) => {
        // The lines of finished cells begin with their accuracy.
        if (killed || (printed.match(/^ACC /gm) ?? []).length < 3) return;
        killed = true;
        kill('SIGKILL');
      },
    });
    assert.ok(killed && code === null);
    const finished = await readdir(join(folder, 'killed', 'cells'));
    assert.ok(finished.length >= 3 && finished.length < CELLS, `${finished.length} cells were finished`);
    const resumed = await bench('--store', 'killed', '--jobs', '2');
    assert.equal(resumed.code, 0, resumed.err);
    assert.equal((resumed.err.match(/^ACC /gm) ?? []).length, CELLS - finished.length, 'finished cells were not done again');
    assert.deepEqual(await scoresIn('killed'), await scoresIn('merged'));
    // The kill may leave the draft of a lock behind, which nobody takes for one.
    const locks = (await readdir(join(folder, 'killed', 'locks'))).filter((name) => name.endsWith('.lock'));
    assert.deepEqual([locks, await readdir(join(folder, 'killed', 'work'))], [[], []]);
  });

  test('that is done already costs nothing, and its table is the same again', async () => {
    const csv = await readFile(join(folder, 'merged', 'table.csv'));
    const again = await bench('--store', 'merged');
    assert.equal(again.code, 0, again.err);
    assert.doesNotMatch(again.err, /^ACC /m);
    assert.deepEqual(await readFile(join(folder, 'merged', 'table.csv')), csv);
  });

  test('with a cell that fails has a table of the others, and tries it again when told to', async () => {
    const [plant] = await Promise.all(
      (await readdir(join(folder, 'merged', 'cells'))).map(async (name) => {
        const { inputs } = JSON.parse(await readFile(join(folder, 'merged', 'cells', name, 'cell.json'), 'utf8'));
        return inputs.kind === 'plant' && inputs.attack.options.patch_size === 4 ? name : undefined;
      }),
    ).then((names) => names.flatMap((name) => name ?? []));
    await cp(join(folder, 'merged', 'cells'), join(folder, 'broken', 'cells'), { recursive: true });
    await rm(join(folder, 'broken', 'cells', plant), { recursive: true });
    for (const name of await readdir(join(folder, 'broken', 'cells'))) {
      const { inputs } = JSON.parse(await readFile(join(folder, 'broken', 'cells', name, 'cell.json'), 'utf8'));
      if (inputs.plant === plant) await rm(join(folder, 'broken', 'cells', name), { recursive: true });
    }
    // A file where the cell wants to write its result.
    await mkdir(join(folder, 'broken', 'work', plant, 'result.json'), { recursive: true });
    await writeFile(join(folder, 'broken', 'work', plant, 'result.json', 'x'), '');
    const failing = await bench('--store', 'broken');
    assert.equal(failing.code, 0, failing.err);
    assert.match(failing.err, /^FAILED \(refused\) Wide, shades, tiny, seed 0: cannot write /m);
    const { cells, failures } = await readTable('broken');
    assert.deepEqual(cells, { done: 4, failed: 1, blocked: 3, pending: 0 });
    assert.equal(failures[0].cell, plant);
    const resting = await bench('--store', 'broken');
    assert.doesNotMatch(resting.err, /^ACC |^FAILED/m);
    const retried = await bench('--store', 'broken', '--retry-failed', '--jobs', '2');
    assert.equal(retried.code, 0, retried.err);
    assert.deepEqual(await scoresIn('broken'), await scoresIn('merged'));
  });
});

test('nonsense is refused in one line', async () => {
  const cases: [string[], RegExp][] = [
    [['bench'], /bench needs GRID/],
    [['bench', 'none.yaml'], /'none\.yaml' does not exist/],
    [['bench', 'grid.yaml', '--shard', '2/2'], /there is no such part/],
    [['bench', 'grid.yaml', '--shard', 'half'], /option shard .* is not of the form i\/n/],
    [['bench', 'grid.yaml', '--jobs', '0'], /option jobs/],
    [['bench', 'grid.yaml', '--merge', 'images', '--report'], /'images' is no store of results/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await runCli(args, { cwd: folder });
    assert.deepEqual([code, err.trim().split('\n').length], [2, 1], err);
    assert.match(err, message);
  }
});
