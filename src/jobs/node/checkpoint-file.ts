import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { readFileBounded, writeFileAtomic } from '../../runtime/node/files.js';
import type { CheckpointStore } from '../../train/checkpoint.js';

/** Parameters and twice as much of optimiser state of the largest network that is in use here fit many times over. */
const LIMIT = 2 ** 31;

/** A checkpoint in a file, which each save replaces whole or not at all. */
export function checkpointFile(path: string): CheckpointStore & { remove(): Promise<void> } {
  return {
    name: path,
    load: async () => (existsSync(path) ? readFileBounded(path, LIMIT) : undefined),
    save: (bytes) => writeFileAtomic(path, bytes),
    remove: () => rm(path, { force: true }),
  };
}
