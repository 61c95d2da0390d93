import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { plain, readFileBounded } from '../../runtime/node/files.js';

const unzip = promisify(gunzip);

/**
 * Reads a file, unpacking it where it is gzip (by its content, not its name).
 * @param limit most bytes that the file may have, packed or unpacked; the memory taken is bounded by it.
 * @throws UserError when the file is missing, unreadable, larger than the limit, or damaged gzip.
 */
export async function readPlainOrGzip(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFileBounded(path, limit);
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!packed) return bytes;
  try {
    return plain(await unzip(bytes, { maxOutputLength: limit }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new UserError(`'${path}' unpacks to more than the ${limit} bytes that it should have; get the right file`);
    }
    throw new UserError(`'${path}' is damaged: it starts as gzip but does not unpack; get it again`);
  }
}
