import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readFileBounded, writeFileAtomic } from '../../runtime/node/files.js';
import type { CheckpointStore } from '../../train/checkpoint.js';

/** Parameters and twice as much of optimiser state of the largest network that is in use here fit many times over. */
const LIMIT = 2 ** 31;

/** A checkpoint in a file, which each save replaces whole or not at all. */
export function checkpointFile(path: string): CheckpointStore & { remove(): Promise<void> } {
  return {
    name: path,
    async load() {
      await removeUnfinished(path);
      return existsSync(path) ? readFileBounded(path, LIMIT) : undefined;
    },
    save: (bytes) => writeFileAtomic(path, bytes),
    async remove() {
      await removeUnfinished(path);
      await rm(path, { force: true });
    },
  };
}

/** A process that is killed while it writes leaves a temporary file, which nobody else would clear away. */
async function removeUnfinished(path: string): Promise<void> {
  const folder = dirname(path);
  if (!existsSync(folder)) return;
  const left = (await readdir(folder)).filter((name) => name.startsWith(`${basename(path)}.`) && name.endsWith('.tmp'));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}
