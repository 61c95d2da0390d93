import { UserError } from '../core/errors.js';
import { ByteStream } from './byte-stream.js';

/** A plain file inside a tar archive. Its name is only ever a name: nothing is written where it points. */
export interface TarEntry {
  /** Path as stored, with `/` between its parts. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where its header begins in the unpacked archive, bytes. */
  readonly offset: number;
}

export interface TarLimits {
  /** Most bytes that one file may have; checked before memory is taken. */
  readonly entry: number;
  /** Most bytes that all files together may have. */
  readonly total: number;
}

const BLOCK = 512;
/** Longest path or list of attributes that is read. */
const LONGEST_EXTENSION = 65_536;

/**
 * Reads the plain files of a tar archive (ustar, POSIX pax, GNU) in their order, holding one at a time. Folders, links
 * and devices are passed over.
 * @param source the archive's bytes, unpacked, in pieces of any size.
 * @param file its name, for messages.
 * @throws UserError with the offset when the archive is damaged or truncated, or exceeds a limit.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>, file: string, limits: TarLimits): AsyncGenerator<TarEntry> {
  const stream = new ByteStream(source, file);
  try {
    yield* entriesOf(stream, file, limits);
  } finally {
    await stream.close();
  }
}

async function* entriesOf(stream: ByteStream, file: string, limits: TarLimits): AsyncGenerator<TarEntry> {
  let total = 0;
  let longName: string | undefined;
  let longSize: number | undefined;
  for (;;) {
    const offset = stream.position;
    const header = await stream.read(BLOCK);
    // The end is marked by blocks of zeros; without them an archive cut between two files would look whole.
    if (header.every((byte) => byte === 0)) return;
    if (!checksumHolds(header)) throw damaged(file, offset, 'has a header whose checksum is wrong');
    const type = String.fromCharCode(header[156]);
    const size = longSize ?? numberAt(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) throw damaged(file, offset, 'gives a file no valid size');
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'x' || type === 'L') {
      if (size > LONGEST_EXTENSION) throw damaged(file, offset, `has an extended header of ${size} bytes`);
      const extension = (await stream.read(padded)).subarray(0, size);
      if (type === 'L') longName = textOf(extension);
      else ({ path: longName = longName, size: longSize = longSize } = paxFields(extension, file, offset));
      continue;
    }
    if (type === '0' || type === '\0' || type === '7') {
      const name = longName ?? nameOf(header);
      if (size > limits.entry) throw tooLarge(file, offset, `'${name}' has ${size} bytes, but at most ${limits.entry}`);
      total += size;
      if (total > limits.total) throw tooLarge(file, offset, `its files have more than the ${limits.total} bytes that`);
      yield { name, bytes: (await stream.read(padded)).subarray(0, size), offset };
    } else {
      await stream.skip(padded);
    }
    longName = undefined;
    longSize = undefined;
  }
}

/** The sum of the header's bytes, with blanks in the field that holds the sum. */
function checksumHolds(header: Uint8Array): boolean {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i];
  return sum === numberAt(header, 148, 8);
}

/** An octal number in ASCII or, where the first bit is set, a big-endian binary one (GNU); NaN when it is neither. */
function numberAt(header: Uint8Array, start: number, length: number): number {
  const field = header.subarray(start, start + length);
  if (field[0] & 0x80) return field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0] & 0x7f);
  const digits = textOf(field).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const prefix = textOf(header.subarray(257, 262)) === 'ustar' && header[263] === 0x30 ? textOf(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records `LENGTH KEY=VALUE\n`, of which the path and the size are of use. */
function paxFields(bytes: Uint8Array, file: string, offset: number): { path?: string; size?: number } {
  const fields: { path?: string; size?: number } = {};
  for (let start = 0; start < bytes.length; ) {
    const [, digits, key] = /^(\d{1,6}) ([^=]{1,200})=/.exec(textOf(bytes.subarray(start, start + 256))) ?? [];
    const length = Number(digits);
    if (!(length > 0 && start + length <= bytes.length)) throw damaged(file, offset, 'has a damaged extended header');
    const value = textOf(bytes.subarray(start + digits.length + key.length + 2, start + length - 1));
    if (key === 'path') fields.path = value;
    if (key === 'size') fields.size = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    start += length;
  }
  return fields;
}

/** Text up to the first zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function damaged(file: string, offset: number, problem: string): UserError {
  return new UserError(`'${file}' is no tar archive or is damaged: it ${problem}, at byte ${offset}; get it again`);
}

function tooLarge(file: string, offset: number, what: string): UserError {
  return new UserError(`'${file}': ${what} are read (at byte ${offset}); check that it is the right archive`);
}
