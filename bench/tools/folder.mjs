import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the folder that a file is to stand in. */
export async function makeFolderOf(file) {
  await mkdir(dirname(file), { recursive: true });
}
