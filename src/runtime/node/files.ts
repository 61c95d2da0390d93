import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';

/**
 * Writes a file whole or not at all: into a temporary file beside it, flushed to the disk, then renamed over `path`.
 * A file that was there keeps its content until the rename. Pieces are written one after the other.
 * @throws UserError when the file cannot be written, saying why and what to do.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  // The name must not clash with another process's; it leaves no trace in the result, so it needs no seed.
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      for (const piece of typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw explainWrite(error, path);
  }
}

/**
 * Makes sure that files can be written into a folder, by making it where it is missing and by writing a file there that
 * is removed at once; long work calls it before it begins.
 * @throws UserError when they cannot, saying why and what to do.
 */
export async function openOutputFolder(folder: string): Promise<void> {
  await makeFolder(resolve(folder));
  const probe = join(folder, `${randomUUID()}.tmp`);
  try {
    await (await open(probe, 'wx')).close();
  } catch (error) {
    throw explainWrite(error, folder);
  }
  await rm(probe, { force: true });
}

/** Makes a folder and those around it. Node's own recursive mkdir never returns where the system answers ENOENT, as in /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
    throw new UserError(`cannot write to '${path}': it is a file; choose another folder`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explainWrite(error, path);
  }
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    // Another process may have made it in the meantime.
    if (error.code !== 'EEXIST') throw explainWrite(error, path);
  });
}

/**
 * Reads a whole file.
 * @param limit most bytes that it may have; the memory taken is bounded by it.
 * @throws UserError when the file is missing, unreadable, not a plain file, or larger than the limit.
 */
export async function readFileBounded(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const handle = await open(path);
    try {
      const status = await handle.stat();
      // A folder, but also a pipe or device, whose length nobody knows.
      if (!status.isFile()) throw new UserError(`'${path}' is not a file; give the name of a file`);
      if (status.size > limit) throw new UserError(`'${path}' has more than the ${limit} bytes that it should have; get the right file`);
      return plain(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UserError(`'${path}' does not exist; check the path`);
    if (code === 'EACCES' || code === 'EPERM') throw new UserError(`'${path}' may not be read; change its permissions`);
    throw error;
  }
}

/** Without this, a Buffer would travel on as a Uint8Array whose `slice` does not copy. */
export function plain(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
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

/** The error of a write as one that says what to do, where the user can do something. */
export function explainWrite(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) return error;
  return new UserError(`cannot write '${path}': ${remedies[code] ?? `${code}; choose another path`}`);
}
