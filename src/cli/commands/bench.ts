import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { type Cell, cellsOf, placesOf, type Shard, shardOf } from '../../jobs/bench/cells.js';
import { loadGrid } from '../../jobs/bench/node/load-grid.js';
import { Locks } from '../../jobs/bench/node/lock.js';
import { parseAddress } from '../../jobs/bench/node/queue/address.js';
import { gatherQueue, runQueue } from '../../jobs/bench/node/queue/run-queue.js';
import { runBench } from '../../jobs/bench/node/run-bench.js';
import { saveTable, tableOf } from '../../jobs/bench/node/save-table.js';
import { Store } from '../../jobs/bench/node/store.js';
import type { Outcome } from '../../jobs/bench/outcome.js';
import { outcomeLine, outcomeTable } from '../bench-lines.js';
import type { Command } from '../command.js';

const where = z.object({
  store: z.string().min(1).optional().describe("folder of results, of this and other grids; default: runs/bench/ and the grid's name"),
  merge: z.string().min(1).optional().describe('folders of other stores, separated by commas, whose finished cells are taken over first'),
});

const sharing = z.object({
  queue: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PostgreSQL database, as in postgres://USER@HOST:PORT/DATABASE, that hands out the cells to all machines that run the same grid with it, and gathers what comes out into the store of each; the password belongs in the variable PGPASSWORD',
    ),
});

const work = z.object({
  jobs: z.int().min(1).max(1024).default(1).describe('cells at a time, each in a process of its own, from 1'),
  threads: z.int().min(1).max(1024).optional().describe('CPU threads of each process, from 1; default: those of the machine, divided'),
  shard: z
    .string()
    .regex(/^\d{1,6}\/\d{1,6}$/, { error: 'is not of the form i/n' })
    .optional()
    .describe('do only part i of n, i from 0, as in 0/4; parts share no training and may run anywhere, with one store or several'),
  timeout: z.number().gt(0).max(2_000_000).optional().describe('seconds after which a cell has failed; default: never'),
  retry_failed: z.boolean().default(false).describe('try again the cells that failed'),
  keep_models: z.boolean().default(false).describe('keep repaired models in the store, too; backdoored ones are kept in any case'),
  report: z.boolean().default(false).describe('compute nothing; write the tables of what is in the store'),
});

/** `bench GRID`: attacks x defences x data sets x models x seeds. */
export const benchCommand: Command = {
  name: 'bench',
  summary:
    'Run a grid of attacks, defences, data sets, models and seeds from a YAML file, and write tables and a leaderboard. What is in the store already is not computed again.',
  operands: ['GRID'],
  groups: [
    { title: 'Store', schema: where },
    { title: 'Several machines', schema: sharing },
    { title: 'Work', schema: work },
  ],
  resumes: true,
  async run(given, { output, signal, progress, note }) {
    const grid = await loadGrid(given.operands[0]);
    const { store: folder = join('runs', 'bench', grid.name), merge } = given.read(where);
    const { jobs, threads, shard, timeout, retry_failed, keep_models, report } = given.read(work);
    const { queue } = given.read(sharing);
    if (queue !== undefined) parseAddress(queue);
    if (queue !== undefined && shard !== undefined)
      throw new UserError('options queue and shard exclude each other: a queue shares out the whole grid');
    const all = await placesOf(grid);
    const cells = cellsOf(shard === undefined ? all : shardOf(all, parseShard(shard)));
    const store = new Store(folder);
    await store.open();
    for (const other of merge?.split(',') ?? []) note?.(`${await store.merge(other.trim())} cells taken over from ${other.trim()}`);
    if (retry_failed && !report) for (const { name } of cells) await store.forget(name);
    const run = {
      store,
      cells,
      jobs,
      threads: threads ?? Math.max(1, Math.floor(availableParallelism() / jobs)),
      timeout,
      keepModels: keep_models,
      locks: new Locks(),
      signal,
      note,
      progress,
      settled: (cell: Cell, outcome: Outcome) => note?.(outcomeLine(cell, outcome)),
    };
    if (queue !== undefined) await (report ? gatherQueue({ ...run, queue }) : runQueue({ ...run, queue, retryFailed: retry_failed }));
    else if (!report) await runBench(run);
    const table = await tableOf(grid, all, store);
    const files = await saveTable(folder, table);
    output.result({ table, files }, [outcomeTable(table), files.map((file) => `  ${file}`).join('\n')].join('\n\n'));
  },
};

function parseShard(text: string): Shard {
  const [index, count] = text.split('/').map(Number);
  if (count >= 1 && index < count) return { index, count };
  throw new UserError(
    `option shard of antidote bench is ${text}: there is no such part; parts are numbered from 0, so the last of ${count} is ${Math.max(count - 1, 0)}/${count}`,
  );
}
