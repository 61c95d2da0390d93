import { UserError } from '../../core/errors.js';
import { asSource, type ByteSource } from '../byte-source.js';
import { crc32 } from './crc32.js';
import { type Directory, readDirectory, type ZipEntry, type ZipRecord } from './directory.js';
import { type Inflate, inflate, MAX_EXPANSION } from './inflate.js';

export type { ZipEntry } from './directory.js';

/** An open archive. */
export interface ZipArchive {
  /** By name, in the order of the archive's directory. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /**
   * The content of an entry, its checksum checked. An entry that is stored as it is may come as a view of the archive's bytes.
   * @param limit most bytes that it may have.
   * @throws UserError when there is no such entry, or it is too large, packed in a way that is not supported, or damaged.
   */
  read(name: string, limit?: number): Uint8Array;
}

export interface ZipOptions {
  /** How to undo deflate; {@link inflate} unless given. */
  readonly inflate?: Inflate;
}

const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_LENGTH = 30;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;

/**
 * Opens a zip archive, with or without zip64. Only the directory at its end is read; every size in it is checked against the
 * archive before anything is allocated, entries may neither share bytes nor names.
 * @param file its name, for messages.
 * @throws UserError when it is no zip archive or is damaged.
 */
export function openZip(archive: Uint8Array | ByteSource, file: string, { inflate: undo = inflate }: ZipOptions = {}): ZipArchive {
  const source = asSource(archive);
  const directory = readDirectory(source, file);
  return {
    entries: directory.records,
    read: (name, limit = Number.POSITIVE_INFINITY) => {
      const record = directory.records.get(name);
      if (!record) throw new UserError(`${file}: holds no '${name}'; get the right file`);
      const where = `${file}: '${name}'`;
      if (record.size > limit)
        throw new UserError(`${where} has ${record.size} bytes, more than the ${limit} that it may have; get the right file`);
      const content = unpack(packedBytes(source, directory, record, where), record, undo, where);
      if (crc32(content) !== record.crc)
        throw new UserError(`${where} does not have the checksum that the archive gives; get the file again`);
      return content;
    },
  };
}

/** The bytes of an entry as stored. They begin behind the entry's own header, whose length the directory does not tell. */
function packedBytes(
  source: ByteSource,
  { start }: Directory,
  { offset, rawName, method, compressedSize }: ZipRecord,
  where: string,
): Uint8Array {
  const damaged = (why: string) => new UserError(`${where} ${why}; the archive is damaged, get it again`);
  // The directory was checked to leave room for the fixed part and the name.
  const bytes = source.read(offset, LOCAL_LENGTH + rawName.length);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (header.getUint32(0, true) !== LOCAL_SIGNATURE) throw damaged('does not begin where the archive says');
  const name = bytes.subarray(LOCAL_LENGTH);
  if (header.getUint16(26, true) !== rawName.length || rawName.some((byte, i) => byte !== name[i])) throw damaged('has two names');
  if (header.getUint16(8, true) !== method) throw damaged('is packed in two ways');
  const begin = offset + LOCAL_LENGTH + rawName.length + header.getUint16(28, true);
  if (begin + compressedSize > start) throw damaged("reaches into the archive's directory");
  return source.read(begin, compressedSize);
}

function unpack(packed: Uint8Array, { size, method, flags }: ZipRecord, undo: Inflate, where: string): Uint8Array {
  if (flags & ENCRYPTED) throw new UserError(`${where} is encrypted, which is not supported; unpack the archive and pack it again without`);
  if (method !== STORED && method !== DEFLATED) {
    throw new UserError(`${where} is packed with method ${method}, only stored and deflate are supported; pack it again`);
  }
  const possible = method === STORED ? size === packed.length : size <= packed.length * MAX_EXPANSION;
  const content = !possible ? undefined : method === STORED ? packed : undo(packed, size);
  if (!content) throw new UserError(`${where} does not unpack to the ${size} bytes that the archive promises; get the file again`);
  return content;
}
