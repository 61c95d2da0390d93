import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { parseGtsrbCsv } from '../gtsrb-csv.js';
import type { DatasetParts } from '../source.js';
import type { FoundFiles } from './cached-source.js';
import { checkCounts, decodeParts, type LabelledImage, withOrigin } from './decode-parts.js';
import { type FileTree, withTrees } from './file-tree.js';
import { type Described, imageCopy } from './image-copy.js';
import { checkSums, type PublishedFile, sumsOf, sumsOfFile } from './published.js';

/** What is known of GTSRB; tests make a small one. */
export interface GtsrbSet extends Described {
  readonly classNames: readonly string[];
  /** Training pictures, test pictures, and the test pictures' labels. */
  readonly archives: readonly [PublishedFile, PublishedFile, PublishedFile];
}

/** Where the training and the test pictures lie in a folder: as the archives unpack, and as training code arranges them. */
const layouts = [
  ['GTSRB/Final_Training/Images', 'GTSRB/Final_Test/Images'],
  ['Final_Training/Images', 'Final_Test/Images'],
  ['Train', 'Test'],
] as const;
const truth = 'GT-final_test.csv';
const limits = { picture: 2 ** 24, table: 2 ** 24 };

/**
 * Finds GTSRB at a path: the folder of the three published archives (or one of them), the folder that they were unpacked in,
 * or a copy as image files.
 * @throws UserError when there is nothing of the kind, or an archive is missing.
 */
export async function findGtsrb(from: string, set: GtsrbSet): Promise<FoundFiles> {
  const isArchive = existsSync(from) && statSync(from).isFile() && set.archives.some(({ file }) => file === basename(from));
  const folder = isArchive ? dirname(from) : from;
  const archives = set.archives.map(({ file }) => join(folder, file));
  const missing = archives.filter((path) => !existsSync(path));
  if (missing.length === 0) return { paths: archives, read: (control) => readArchives(archives, set, control) };
  if (missing.length < archives.length) {
    throw new UserError(`${set.title} needs its three archives in one folder; '${missing[0]}' is missing; get it too`);
  }
  for (const [train, test] of layouts.map((layout) => layout.map((part) => join(folder, part)))) {
    if (!existsSync(join(train, '00000', 'GT-00000.csv'))) continue;
    const table = [test, join(folder, 'GTSRB'), folder].map((place) => join(place, truth)).find((path) => existsSync(path));
    if (table === undefined)
      throw new UserError(`'${test}' lacks ${truth}, the labels of the test pictures; unpack ${set.archives[2].file} there`);
    return findUnpacked(train, test, table, set);
  }
  // Files of a copy are numbered in the published order, across classes.
  return imageCopy(from, set, { classes: set.classNames, resize: true, byFile: true });
}

async function findUnpacked(train: string, test: string, table: string, set: GtsrbSet): Promise<FoundFiles> {
  const folders = [train, test, dirname(table)];
  const paths = await withTrees([train, test], async (trees) =>
    trees.flatMap((tree) => tree.names.filter((name) => /\.(ppm|csv)$/.test(name)).map((name) => tree.where(name))),
  );
  return {
    paths: [...paths, table],
    read: async (control) => {
      const parts = await withTrees(folders, (trees) => read(trees, set, control));
      const { sha256 } = await sumsOf([parts.train.images, parts.test.images]);
      return withOrigin(parts, { 'decoded images': sha256 }, 'unpacked files, for which no checksum is published');
    },
  };
}

async function readArchives(archives: readonly string[], set: GtsrbSet, control: Control): Promise<DatasetParts> {
  const parts = await withTrees(archives, (trees) => read(trees, set, control));
  const checksums: Record<string, string> = {};
  for (const [i, path] of archives.entries()) {
    checksums[basename(path)] = checkSums(await sumsOfFile(path), path, set.title, set.archives[i].md5);
  }
  return withOrigin(parts, checksums);
}

/** Training pictures class by class in the order of the classes' tables, test pictures in the order of theirs. */
async function read([train, test, table]: readonly FileTree[], set: GtsrbSet, control: Control): Promise<DatasetParts> {
  const tables = train.names.filter((name) => /(^|\/)(\d{5})\/GT-\2\.csv$/.test(name));
  const trained: LabelledImage[] = [];
  for (const name of tables) trained.push(...(await labelledBy(train, name, train, `${name.slice(0, name.lastIndexOf('/'))}/`, set)));
  const truthName = table.names.find((name) => name === truth || name.endsWith(`/${truth}`));
  if (truthName === undefined) throw new UserError(`'${table.where('')}' lacks ${truth}; get it again`);
  const first = test.names.find((name) => name.endsWith('.ppm')) ?? '';
  const tested = await labelledBy(table, truthName, test, first.slice(0, first.lastIndexOf('/') + 1), set);
  const parts = { train: trained, test: tested };
  checkCounts(parts, set, train.where(''));
  const [, height, width] = set.imageShape;
  return decodeParts(parts, { name: set.name, classes: set.classNames, size: [height, width], resize: true }, control);
}

/** The pictures of a table, all in one folder. */
async function labelledBy(tables: FileTree, table: string, pictures: FileTree, folder: string, set: GtsrbSet): Promise<LabelledImage[]> {
  const rows = parseGtsrbCsv(await tables.read(table, limits.table), set.classNames.length, tables.where(table));
  return rows.map(({ name, label }) => {
    const path = folder + name;
    return { label, where: pictures.where(path), read: () => pictures.read(path, limits.picture) };
  });
}
