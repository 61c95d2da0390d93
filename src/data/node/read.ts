import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UserError } from '../../core/errors.js';

const unzip = promisify(gunzip);

/**
 * Reads a file, unpacking it where it is gzip (by its content, not its name).
 * @param limit most bytes that the file may have, packed or unpacked; the memory taken is bounded by it.
 * @throws UserError when the file is missing, unreadable, larger than the limit, or damaged gzip.
 */
export async function readPlainOrGzip(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBounded(path, limit);
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!packed) return bytes;
  try {
    return plain(await unzip(bytes, { maxOutputLength: limit }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(path, limit, 'unpacks to');
    throw new UserError(`'${path}' is damaged: it starts as gzip but does not unpack; get it again`);
  }
}

async function readBounded(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const handle = await open(path);
    try {
      const status = await handle.stat();
      // A folder, but also a pipe or device, whose length nobody knows.
      if (!status.isFile()) throw new UserError(`'${path}' is not a file; give the name of a file`);
      if (status.size > limit) throw tooLarge(path, limit, 'has');
      return plain(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new UserError(`'${path}' does not exist; check the path`);
    if (code === 'EACCES' || code === 'EPERM') throw new UserError(`'${path}' may not be read; change its permissions`);
    throw error;
  }
}

function tooLarge(path: string, limit: number, verb: string): UserError {
  return new UserError(`'${path}' ${verb} more than the ${limit} bytes that it should have; get the right file`);
}

/** Without this, a Buffer would travel on as a Uint8Array whose `slice` does not copy. */
function plain(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}
