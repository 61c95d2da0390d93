import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
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

/** Bytes that are read from a file at once. */
const PIECE = 2 ** 20;

/**
 * The bytes of a file in pieces, unpacked where its name ends in `gz`.
 * @throws UserError when it cannot be read, or is damaged or truncated gzip.
 */
export async function* unpacked(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: PIECE });
  const unzip = /gz$/i.test(path) ? createGunzip({ chunkSize: PIECE }) : undefined;
  if (unzip) file.on('error', (error) => unzip.destroy(error));
  try {
    yield* unzip ? file.pipe(unzip) : file;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!unzip || !code?.startsWith('Z_')) throw new UserError(`'${path}' cannot be read (${code ?? message}); check its permissions`);
    throw new UserError(`'${path}' does not unpack after byte ${unzip.bytesWritten}: ${message}; get it again`);
  } finally {
    file.destroy();
  }
}

/** SHA-256 of a file of any size, as 64 lower-case hexadecimal digits. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: PIECE }), hash);
  return hash.digest('hex');
}
