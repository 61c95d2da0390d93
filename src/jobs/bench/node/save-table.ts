import { join } from 'node:path';
import { benchPage } from '../../../report/bench/page.js';
import type { BenchTable } from '../../../report/bench/table.js';
import { benchCsv, benchJson, benchMarkdown } from '../../../report/bench/text.js';
import { writeFileAtomic } from '../../../runtime/node/files.js';
import { aggregate } from '../aggregate.js';
import { cellsOf, type Place } from '../cells.js';
import type { Grid } from '../grid.js';
import type { Outcome } from '../outcome.js';
import type { Store } from './store.js';

/** Makes the table of a grid from what is in a store. @throws UserError for a damaged file there. */
export async function tableOf(grid: Grid, places: readonly Place[], store: Store): Promise<BenchTable> {
  const outcomes = new Map<string, Outcome>();
  for (const { name } of cellsOf(places)) {
    const outcome = await store.read(name);
    if (outcome) outcomes.set(name, outcome);
  }
  return aggregate(grid, places, outcomes);
}

/** Writes `table.csv`, `table.json`, `table.md` and `leaderboard.html` into a folder; returns their paths. */
export async function saveTable(folder: string, table: BenchTable): Promise<string[]> {
  const texts = {
    'table.csv': benchCsv(table),
    'table.json': benchJson(table),
    'table.md': benchMarkdown(table),
    'leaderboard.html': await benchPage(table),
  };
  const files: string[] = [];
  for (const [name, text] of Object.entries(texts)) {
    files.push(join(folder, name));
    await writeFileAtomic(files[files.length - 1], text);
  }
  return files;
}
