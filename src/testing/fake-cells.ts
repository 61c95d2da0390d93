import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cell, cellsOf, placesOf } from '../jobs/bench/cells.js';
import { readGrid } from '../jobs/bench/grid.js';

/** Cells of a made-up grid: for each seed one that plants, and one that repairs with each of two defences. */
export async function fakeCells(seeds: readonly number[]): Promise<Cell[]> {
  const grid = { attacks: ['badnets'], defenses: ['ft', 'clp'], data: ['mnist'], seeds };
  return cellsOf(await placesOf(readGrid(grid, 'fake.yaml')));
}

/**
 * A child process that only pretends to compute a cell. It writes what it does to `log` in its folder, a line each, and
 * leaves files behind. While `hold-SEED` is there, a cell that plants with that seed takes its time; where `crash-SEED` is,
 * it crashes. A cell that repairs insists on the files of the one that it needs.
 */
export const fakeChild = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
const here = dirname(fileURLToPath(import.meta.url));
const log = (line) => appendFileSync(join(here, 'log'), line + '\\n');
process.on('disconnect', () => process.exit(1));
process.on('message', async (message) => {
  if (message.stop) return process.send({ interrupted: true }, () => process.exit(0));
  const { inputs, out, needs } = message.do;
  const name = inputs.kind + ' ' + (inputs.defense?.name ?? inputs.attack.name) + ' ' + inputs.seed;
  log('begin ' + name);
  if (inputs.kind === 'plant') {
    if (existsSync(join(here, 'crash-' + inputs.seed))) process.exit(7);
    while (existsSync(join(here, 'hold-' + inputs.seed))) await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(join(out, 'model.onnx'), Buffer.alloc(600_000, inputs.seed));
  } else if (readFileSync(join(needs, 'model.onnx')).length !== 600_000) process.exit(8);
  log('end ' + name);
  process.send({ done: { status: 'done', inputs, before: { acc: 0.9, asr: 1, ra: 0 }, seconds: 1, checksums: {} } });
  process.disconnect();
});
`;

/** The lines of {@link fakeChild}'s log that begin with a word, without it, in alphabetical order. */
export async function logged(folder: string, word: 'begin' | 'end'): Promise<string[]> {
  const text = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line.startsWith(`${word} `));
  return lines.map((line) => line.slice(word.length + 1)).sort();
}
