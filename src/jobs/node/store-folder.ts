import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DefenseStore } from '../../defenses/defense.js';
import { checkpointFile } from './checkpoint-file.js';

/**
 * Keeps what a defence has finished in files of a folder, `<prefix>-<name>.checkpoint`, until the run is over.
 * @param folder must exist.
 */
export function storeFolder(folder: string, prefix: string): DefenseStore & { remove(): Promise<void> } {
  const ending = '.checkpoint';
  const fileOf = (name: string) => {
    if (!/^[a-z0-9-]+$/.test(name)) throw new Error(`'${name}' is no name for something to keep`);
    return checkpointFile(join(folder, `${prefix}-${name}${ending}`));
  };
  return {
    load: (name) => fileOf(name).load(),
    save: (name, bytes) => fileOf(name).save(bytes),
    async remove() {
      const left = (await readdir(folder)).filter((file) => file.startsWith(`${prefix}-`) && file.endsWith(ending));
      for (const file of left) await checkpointFile(join(folder, file)).remove();
    },
  };
}
