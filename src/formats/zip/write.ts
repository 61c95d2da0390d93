import { crc32 } from './crc32.js';

export interface ZipWriteOptions {
  /** Every entry's data begin at a multiple of this many bytes; 1 unless given, a power of two up to 4096. */
  readonly alignment?: number;
}

const LOCAL_LENGTH = 30;
const RECORD_LENGTH = 46;
const END_LENGTH = 22;
/** An extra field's number and length; the number is that under which PyTorch pads. */
const PADDING_HEADER = 4;
const PADDING_FIELD = 0x4246;
/** Version 2.0 of the format, the first with folders. */
const VERSION = 20;
const UTF8_NAME = 0x800;
/** 1 January 1980, the earliest that the format knows: the same entries give the same bytes. */
const DATE = (1 << 5) | 1;
const MAX_SIZE = 0xfffffffe;
const MAX_ENTRIES = 0xfffe;

/**
 * Writes a zip archive whose entries are stored as they are. The same entries give the same bytes.
 * @param entries content by name, in the order of the archive.
 * @throws Error when the archive would need zip64: 4 GiB, or 65,535 entries.
 */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>, { alignment = 1 }: ZipWriteOptions = {}): Uint8Array<ArrayBuffer> {
  const placed = place(entries, alignment);
  const start = placed.at(-1)?.end ?? 0;
  const directoryLength = placed.reduce((sum, { rawName }) => sum + RECORD_LENGTH + rawName.length, 0);
  const total = start + directoryLength + END_LENGTH;
  if (total > MAX_SIZE || placed.length > MAX_ENTRIES)
    throw new Error(`an archive of ${total} bytes and ${placed.length} entries is too large`);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  let at = start;
  for (const entry of placed) {
    writeLocal(file, view, entry);
    writeRecord(file, view, entry, at);
    at += RECORD_LENGTH + entry.rawName.length;
  }
  writeNumbers(view, at, [4, 0x06054b50], [2, 0], [2, 0], [2, placed.length], [2, placed.length], [4, directoryLength], [4, start], [2, 0]);
  return file;
}

interface Placed {
  readonly rawName: Uint8Array;
  readonly content: Uint8Array;
  readonly crc: number;
  readonly offset: number;
  readonly padding: number;
  readonly end: number;
}

function place(entries: ReadonlyMap<string, Uint8Array>, alignment: number): Placed[] {
  const placed: Placed[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const rawName = new TextEncoder().encode(name);
    const bare = offset + LOCAL_LENGTH + rawName.length;
    const padding = alignment > 1 ? PADDING_HEADER + (-(bare + PADDING_HEADER) & (alignment - 1)) : 0;
    const end = bare + padding + content.length;
    placed.push({ rawName, content, crc: crc32(content), offset, padding, end });
    offset = end;
  }
  return placed;
}

function writeLocal(file: Uint8Array, view: DataView, { rawName, content, crc, offset, padding }: Placed): void {
  const at = writeNumbers(view, offset, [4, 0x04034b50], ...common(crc, content.length, rawName.length), [2, padding]);
  file.set(rawName, at);
  if (padding > 0) writeNumbers(view, at + rawName.length, [2, PADDING_FIELD], [2, padding - PADDING_HEADER]);
  file.set(content, at + rawName.length + padding);
}

function writeRecord(file: Uint8Array, view: DataView, { rawName, content, crc, offset }: Placed, start: number): void {
  const rest: Field[] = [
    [2, 0],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, offset],
  ];
  file.set(rawName, writeNumbers(view, start, [4, 0x02014b50], [2, VERSION], ...common(crc, content.length, rawName.length), ...rest));
}

/** What an entry's own header and its record in the directory share, from the version to the name's length. */
function common(crc: number, size: number, nameLength: number): Field[] {
  return [
    [2, VERSION],
    [2, UTF8_NAME],
    [2, 0],
    [2, 0],
    [2, DATE],
    [4, crc],
    [4, size],
    [4, size],
    [2, nameLength],
  ];
}

/** How many bytes a number takes, and the number. */
type Field = readonly [2 | 4, number];

/** Writes numbers one after the other and answers where they end. */
function writeNumbers(view: DataView, start: number, ...fields: readonly Field[]): number {
  let at = start;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return at;
}
