import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import type { ByteSource } from '../byte-source.js';

/** A file on the disk as a source. Whoever opened it closes it. */
export interface FileSource extends ByteSource {
  close(): void;
}

/**
 * Opens a file for reading here and there, so that only what is asked for is in memory.
 * @throws UserError when the file is missing, unreadable or not a plain file.
 */
export function openFileSource(path: string): FileSource {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new UserError(`'${path}' does not exist; check the path`);
    if (code === 'EACCES' || code === 'EPERM') throw new UserError(`'${path}' may not be read; change its permissions`);
    throw error;
  }
  const status = fstatSync(handle);
  if (!status.isFile()) {
    closeSync(handle);
    throw new UserError(`'${path}' is not a file; give the name of a file`);
  }
  return {
    size: status.size,
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const got = readSync(handle, bytes, done, length - done, offset + done);
        if (got === 0) throw new UserError(`'${path}' became shorter while it was read; try again when nobody writes to it`);
        done += got;
      }
      return bytes;
    },
    close: () => closeSync(handle),
  };
}
