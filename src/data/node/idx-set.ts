import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkInterrupted, UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import type { Control } from '../../core/progress.js';
import type { Dataset } from '../dataset.js';
import { parseIdxImages, parseIdxLabels } from '../idx.js';
import type { DatasetParts } from '../source.js';
import { readPlainOrGzip } from './read.js';

/** Names that MNIST and the sets that took its form have for their four files. */
export const idxFiles = {
  train: { images: 'train-images-idx3-ubyte', labels: 'train-labels-idx1-ubyte' },
  test: { images: 't10k-images-idx3-ubyte', labels: 't10k-labels-idx1-ubyte' },
} as const;

export interface IdxSet {
  readonly name: string;
  readonly title: string;
  readonly classes: readonly string[];
  readonly imageShape: readonly [1, number, number];
  readonly images: { readonly train: number; readonly test: number };
  /** SHA-256 of the published files, unpacked, by name. */
  readonly published: Readonly<Record<string, string>>;
}

/** The path of one of a set's files in a folder, plain or packed; undefined where it has neither. */
export function findIdxFile(folder: string, file: string): string | undefined {
  return [join(folder, file), join(folder, `${file}.gz`)].find((candidate) => existsSync(candidate));
}

/**
 * Reads and checks the four files of a set of grey images in the IDX format, each plain or packed with gzip.
 * @throws UserError when one is missing, damaged or not the published one.
 */
export async function readIdxSet(folder: string, set: IdxSet, { signal }: Control): Promise<DatasetParts> {
  const train = await readPart(folder, 'train', set);
  checkInterrupted(signal, `while loading ${set.title}`);
  return { train, test: await readPart(folder, 'test', set) };
}

async function readPart(folder: string, split: 'train' | 'test', set: IdxSet): Promise<Dataset> {
  const { name, title, classes, imageShape } = set;
  const [, height, width] = imageShape;
  const count = set.images[split];
  const files = idxFiles[split];
  const images = await readPublished(folder, files.images, 16 + count * height * width, title);
  const labels = await readPublished(folder, files.labels, 8 + count, title);
  const pixels = parseIdxImages(images.bytes, images.path);
  const labelled = parseIdxLabels(labels.bytes, labels.path, classes.length);
  // What is wrong with a file in plain terms comes first; the checksum catches the rest.
  for (const [path, found] of [
    [images.path, pixels.count],
    [labels.path, labelled.length],
  ] as const) {
    if (found !== count) throw new UserError(`'${path}' holds ${found} entries, but ${title} has ${count} there; get the published file`);
  }
  const checksums = {
    [files.images]: await checksum(images, files.images, set),
    [files.labels]: await checksum(labels, files.labels, set),
  };
  return { name, split, classes, imageShape, images: pixels.images, labels: labelled, checksums };
}

interface ReadFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

async function readPublished(folder: string, file: string, limit: number, title: string): Promise<ReadFile> {
  const path = findIdxFile(folder, file);
  if (path === undefined) {
    throw new UserError(`'${folder}' has neither ${file} nor ${file}.gz; give the folder that holds ${title}'s four files`);
  }
  return { path, bytes: await readPlainOrGzip(path, limit) };
}

async function checksum({ path, bytes }: ReadFile, file: string, { title, published }: IdxSet): Promise<string> {
  const found = await sha256(bytes);
  if (found === published[file]) return found;
  throw new UserError(`'${path}' is not ${title}'s ${file}: its SHA-256 is ${found}, expected ${published[file]}; get the published file`);
}
