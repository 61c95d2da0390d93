import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { preparedFolder } from '../../data/node/cache-folder.js';
import { readFileBounded, writeFileAtomic } from '../../runtime/node/files.js';
import type { PreparationCache } from '../preparation.js';

/** More than the adversarial images of the largest class take. */
const LIMIT = 2 ** 30;

/** Keeps what attacks prepare in files, by default in the project's own cache folder. */
export function preparationCache(folder = preparedFolder()): PreparationCache {
  const nameOf = (key: string) => join(folder, `${key.slice(0, 32)}.safetensors`);
  return {
    nameOf,
    async load(key) {
      return existsSync(nameOf(key)) ? readFileBounded(nameOf(key), LIMIT) : undefined;
    },
    async save(key, bytes) {
      await mkdir(dirname(nameOf(key)), { recursive: true });
      await writeFileAtomic(nameOf(key), bytes);
    },
  };
}
