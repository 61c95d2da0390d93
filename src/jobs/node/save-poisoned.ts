import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openOutputFolder, writeFileAtomic } from '../../runtime/node/files.js';
import { type PoisonedPicture, poisonedPictureName } from '../poisoned-pictures.js';

/**
 * Writes poisoned training images into the folder `poisoned` of a run, in place of those of an earlier run.
 * @returns the folder's path, and no path where there are no pictures.
 * @throws UserError when they cannot be written.
 */
export async function savePoisoned(out: string, pictures: readonly PoisonedPicture[]): Promise<string[]> {
  const folder = join(out, 'poisoned');
  const old = (await readdir(folder).catch(() => [])).filter((name) => poisonedPictureName.test(name));
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
  if (pictures.length === 0) return [];
  await openOutputFolder(folder);
  for (const { name, png } of pictures) await writeFileAtomic(join(folder, name), png);
  return [folder];
}
