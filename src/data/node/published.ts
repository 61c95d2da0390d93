import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { UserError } from '../../core/errors.js';

/** A file as its authors published it. */
export interface PublishedFile {
  /** Its name. */
  readonly file: string;
  readonly url: string;
  /** 32 hexadecimal digits: what the authors published, or what everybody checks by. */
  readonly md5: string;
  /** Its length, where it is known. */
  readonly bytes?: number;
}

/** MD5, which tells what was published, and SHA-256, which is recorded; lower-case hexadecimal digits. */
export interface Sums {
  readonly md5: string;
  readonly sha256: string;
}

/** Both sums of a file of any size. */
export async function sumsOfFile(path: string): Promise<Sums> {
  return sumsOf(createReadStream(path, { highWaterMark: 2 ** 20 }));
}

/** Both sums of bytes in pieces. */
export async function sumsOf(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Sums> {
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  for await (const piece of pieces) {
    md5.update(piece);
    sha256.update(piece);
  }
  return { md5: md5.digest('hex'), sha256: sha256.digest('hex') };
}

/**
 * Checks that a file is the published one.
 * @param path of the file, for the message.
 * @returns its SHA-256.
 * @throws UserError when its MD5 is another.
 */
export function checkSums({ md5, sha256 }: Sums, path: string, title: string, expected: string): string {
  if (md5 === expected) return sha256;
  throw new UserError(`'${path}' is not the file that ${title} was published as: its MD5 is ${md5}, expected ${expected}; get it again`);
}
