import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { UserError } from '../../core/errors.js';

/**
 * Writes a file whole or not at all: into a temporary file beside it, flushed to the disk, then renamed over `path`.
 * A file that was there keeps its content until the rename.
 * @throws UserError when the file cannot be written, saying why and what to do.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  // The name must not clash with another process's; it leaves no trace in the result, so it needs no seed.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw explain(error, path);
  }
}

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; create it, or choose another path',
  ENOTDIR: 'a part of its path is a file; choose another path',
  EISDIR: 'it is a folder; give the name of a file',
  EACCES: 'permission denied; choose a folder that you may write to',
  EPERM: 'permission denied; choose a folder that you may write to',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; make room, or choose another folder',
  EDQUOT: 'the disk quota is used up; make room, or choose another folder',
  ENAMETOOLONG: 'its name is too long; choose a shorter one',
};

function explain(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) return error;
  return new UserError(`cannot write '${path}': ${remedies[code] ?? `${code}; choose another path`}`);
}
