import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cellsOf, placesOf } from '../cells.js';
import { loadGrid } from './load-grid.js';

const folder = fileURLToPath(new URL('../../../../examples/bench/', import.meta.url));
/** Describes jobs of a cluster, and is no grid. */
const JOBS = 'kubernetes.yaml';

describe('every grid among the examples is accepted, under its own name', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== JOBS)) {
    test(file, async () => {
      const grid = await loadGrid(join(folder, file));
      assert.equal(`${grid.name}.yaml`, file);
      const cells = cellsOf(await placesOf(grid));
      assert.ok(cells.length >= 1 + grid.defenses.length);
    });
  }
});
