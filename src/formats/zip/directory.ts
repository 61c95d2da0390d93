import { UserError } from '../../core/errors.js';
import type { ByteSource } from '../byte-source.js';

/** One file or folder in an archive. Its name is what the archive says and no path; see `safePath`. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked, as the archive says. */
  readonly size: number;
  readonly compressedSize: number;
  readonly isFolder: boolean;
}

/** What the archive's directory says of an entry. */
export interface ZipRecord extends ZipEntry {
  readonly rawName: Uint8Array;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  /** Where the entry's own header begins. */
  readonly offset: number;
}

export interface Directory {
  readonly records: ReadonlyMap<string, ZipRecord>;
  /** Where the directory begins, and all entries have ended. */
  readonly start: number;
}

const END_SIGNATURE = 0x06054b50;
const END_LENGTH = 22;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_LENGTH = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_LENGTH = 56;
const RECORD_SIGNATURE = 0x02014b50;
const RECORD_LENGTH = 46;
/** Fixed part of the header that stands before an entry's data. */
const LOCAL_LENGTH = 30;
const MAX_COMMENT = 0xffff;
/** What stands in a field whose value is in the zip64 field instead. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_FIELD = 1;
const UTF8_NAME = 0x800;

type Fail = (why: string) => UserError;

/**
 * Reads the directory at the end of a zip archive. All that it says is checked against the archive's size.
 * @throws UserError when it is damaged or there is none.
 */
export function readDirectory(source: ByteSource, file: string): Directory {
  const fail: Fail = (why) => new UserError(`${file}: ${why}; it is no zip archive or it is damaged or cut short`);
  const { count, size, start, end } = findDirectory(source, fail);
  if (start + size !== end) throw fail('its directory does not end where its end record begins');
  if (count * RECORD_LENGTH > size) throw fail(`its directory is too short for ${count} entries`);
  const bytes = source.read(start, size);
  const records = new Map<string, ZipRecord>();
  let position = 0;
  for (let i = 0; i < count; i++) {
    const { record, length } = readRecord(bytes, position, fail);
    if (records.has(record.name)) throw fail(`it holds '${record.name}' twice`);
    records.set(record.name, record);
    position += length;
  }
  if (position !== size) throw fail('its directory holds more than its entries');
  checkRoom(records, start, fail);
  return { records, start };
}

/** Entries that shared bytes could unpack to far more than the archive holds. */
function checkRoom(records: ReadonlyMap<string, ZipRecord>, start: number, fail: Fail): void {
  const ordered = [...records.values()].sort((a, b) => a.offset - b.offset);
  ordered.forEach(({ name, rawName, offset, compressedSize }, i) => {
    const next = ordered[i + 1]?.offset ?? start;
    if (offset + LOCAL_LENGTH + rawName.length + compressedSize > next) throw fail(`'${name}' reaches into what follows`);
  });
}

interface Location {
  readonly count: number;
  readonly size: number;
  readonly start: number;
  /** Where the record that gave these numbers begins. */
  readonly end: number;
}

function findDirectory(source: ByteSource, fail: Fail): Location {
  const length = Math.min(source.size, END_LENGTH + MAX_COMMENT);
  const tail = viewOf(source.read(source.size - length, length));
  // The record's last field says how long a comment follows, and the archive ends with it.
  let at = length - END_LENGTH;
  while (at >= 0 && !(tail.getUint32(at, true) === END_SIGNATURE && tail.getUint16(at + 20, true) === length - at - END_LENGTH)) at--;
  if (at < 0) throw fail('it has no end record');
  const [disk, firstDisk, here] = [4, 6, 8].map((field) => tail.getUint16(at + field, true));
  const count = tail.getUint16(at + 10, true);
  const [size, start] = [12, 16].map((field) => tail.getUint32(at + field, true));
  const end = source.size - length + at;
  // Some writers add the larger record even where the small one is large enough.
  const large = findDirectory64(source, end, fail);
  if (large) return large;
  if (disk !== 0 || firstDisk !== 0 || here !== count) throw fail('it is a part of an archive in several files');
  return { count, size, start, end };
}

/** What the larger record of zip64 says; undefined when there is none. */
function findDirectory64(source: ByteSource, end: number, fail: Fail): Location | undefined {
  if (end < LOCATOR_LENGTH + END64_LENGTH) return undefined;
  const locator = viewOf(source.read(end - LOCATOR_LENGTH, LOCATOR_LENGTH));
  if (locator.getUint32(0, true) !== LOCATOR_SIGNATURE) return undefined;
  const at = whole(locator, 8);
  if (!(at <= end - LOCATOR_LENGTH - END64_LENGTH)) throw fail('its zip64 record lies outside');
  const record = viewOf(source.read(at, END64_LENGTH));
  if (record.getUint32(0, true) !== END64_SIGNATURE) throw fail('its zip64 record is missing');
  const [count, size, start] = [32, 40, 48].map((field) => whole(record, field));
  if (!(start + size <= at)) throw fail('its directory lies outside');
  return { count, size, start, end: at };
}

function readRecord(bytes: Uint8Array, position: number, fail: Fail): { record: ZipRecord; length: number } {
  if (position + RECORD_LENGTH > bytes.length) throw fail('its directory is cut short');
  const fixed = viewOf(bytes.subarray(position, position + RECORD_LENGTH));
  if (fixed.getUint32(0, true) !== RECORD_SIGNATURE) throw fail('its directory is damaged');
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => fixed.getUint16(field, true));
  const length = RECORD_LENGTH + nameLength + extraLength + commentLength;
  if (position + length > bytes.length) throw fail('its directory is cut short');
  const extraStart = position + RECORD_LENGTH + nameLength;
  const rawName = bytes.subarray(position + RECORD_LENGTH, extraStart);
  const flags = fixed.getUint16(8, true);
  const name = decodeName(rawName, (flags & UTF8_NAME) !== 0, fail);
  const large = zip64Values(bytes.subarray(extraStart, extraStart + extraLength));
  const [size, compressedSize, offset] = [24, 20, 42].map((field) => {
    const value = fixed.getUint32(field, true);
    return value === IN_ZIP64 ? (large.shift() ?? value) : value;
  });
  const [method, crc] = [fixed.getUint16(10, true), fixed.getUint32(16, true)];
  return { record: { name, size, compressedSize, isFolder: name.endsWith('/'), rawName, method, flags, crc, offset }, length };
}

/** The 64-bit numbers of the zip64 extra field: those of the size, packed size and offset that did not fit, in this order. */
function zip64Values(extra: Uint8Array): number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64_FIELD && at + 4 + length <= extra.length) {
      return Array.from({ length: Math.min(3, Math.floor(length / 8)) }, (_, i) => whole(view, at + 4 + 8 * i));
    }
    at += 4 + length;
  }
  return [];
}

function decodeName(raw: Uint8Array, utf8: boolean, fail: Fail): string {
  // Without the flag the name is in code page 437, as whose lower half is ASCII; what else it holds matters to nobody here.
  if (!utf8) return String.fromCharCode(...raw);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw fail('it holds a name that is not UTF-8');
  }
}

function whole(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
