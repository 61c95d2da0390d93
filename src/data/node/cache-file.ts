import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readFileBounded, writeFileAtomic } from '../../runtime/node/files.js';
import type { Dataset } from '../dataset.js';
import type { DatasetParts } from '../source.js';

/**
 * A decoded data set in one file: magic, SHA-256 of all that follows, length of the header (32-bit little-endian), the
 * header as JSON, and then for train and test the labels (16-bit little-endian) and the pixels.
 */
const MAGIC = 'ANTDATA1';
const SUM_END = MAGIC.length + 32;
const HEADER_AT = SUM_END + 4;
/** Most bytes that Node reads in one piece; a larger data set is decoded each time. */
export const LARGEST_CACHE = 2 ** 31 - 1;

const natural = z.int().min(1);
const part = z.object({ split: z.string(), images: natural, checksums: z.record(z.string(), z.string()) });
const headerSchema = z.object({
  key: z.string(),
  name: z.string(),
  classes: z.array(z.string()).min(1).max(65_536),
  imageShape: z.tuple([natural, natural, natural]),
  origin: z.string().optional(),
  parts: z.tuple([part, part]),
});
type Header = z.infer<typeof headerSchema>;

/** Why a cache cannot be used. */
export class StaleCache extends Error {}

/** Writes a decoded data set, whole or not at all. */
export async function writeCache(path: string, key: string, { train, test }: DatasetParts): Promise<void> {
  const { name, classes, imageShape, origin } = train;
  const parts = [train, test].map(({ split, labels, checksums }) => ({ split, images: labels.length, checksums }));
  const header = new TextEncoder().encode(JSON.stringify({ key, name, classes, imageShape, origin, parts } as Header));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.length, true);
  const body = [length, header, ...[train, test].flatMap((each) => [packLabels(each.labels), each.images])];
  const hash = createHash('sha256');
  for (const piece of body) hash.update(piece);
  await writeFileAtomic(path, [new TextEncoder().encode(MAGIC), hash.digest(), ...body]);
}

/**
 * Reads what {@link writeCache} wrote.
 * @param key that it must have been written under; undefined takes any.
 * @throws StaleCache with the reason when it is damaged, truncated, of another version, or of other files; UserError
 * when it cannot be read.
 */
export async function readCache(path: string, key?: string): Promise<DatasetParts> {
  const bytes = await readFileBounded(path, LARGEST_CACHE);
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw new StaleCache('it is of another version or is no cache');
  const sum = createHash('sha256').update(bytes.subarray(SUM_END)).digest();
  if (!sum.equals(bytes.subarray(MAGIC.length, SUM_END))) throw new StaleCache('its checksum is wrong: it is damaged or truncated');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(SUM_END, true);
  const header = parseHeader(bytes.subarray(HEADER_AT, HEADER_AT + length));
  if (key !== undefined && header.key !== key) throw new StaleCache('it was made of other files');
  const { name, classes, imageShape, origin, parts } = header;
  let at = HEADER_AT + length;
  const take = (size: number) => {
    if (at + size > bytes.length) throw new StaleCache('it is shorter than its header says');
    at += size;
    return bytes.subarray(at - size, at);
  };
  const [train, test] = parts.map(({ split, images, checksums }): Dataset => {
    const labels = unpackLabels(take(2 * images));
    const pixels = take(images * imageShape[0] * imageShape[1] * imageShape[2]);
    return { name, split, classes, imageShape, images: pixels, labels, checksums, ...(origin !== undefined && { origin }) };
  });
  if (at !== bytes.length) throw new StaleCache('it is longer than its header says');
  return { train, test };
}

function parseHeader(bytes: Uint8Array): Header {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new StaleCache('its header is of another version');
  }
}

/** Bytes that the file of a data set takes, but for its header. */
export function cacheSize({ train, test }: DatasetParts): number {
  return [train, test].reduce((sum, { labels, images }) => sum + 2 * labels.length + images.length, 0);
}

function packLabels(labels: Int32Array): Uint8Array {
  const bytes = new Uint8Array(2 * labels.length);
  const view = new DataView(bytes.buffer);
  labels.forEach((label, i) => {
    view.setUint16(2 * i, label, true);
  });
  return bytes;
}

function unpackLabels(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
}
