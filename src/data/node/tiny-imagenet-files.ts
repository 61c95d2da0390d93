import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { DatasetParts } from '../source.js';
import type { FoundFiles } from './cached-source.js';
import { checkCounts, decodeParts, type LabelledImage, withOrigin } from './decode-parts.js';
import { type FileTree, withTrees } from './file-tree.js';
import { type Described, imageCopy } from './image-copy.js';
import { checkSums, type PublishedFile, sumsOf, sumsOfFile } from './published.js';

/** What is known of Tiny ImageNet; tests make a small one. */
export interface TinySet extends Described {
  /** Number of classes. */
  readonly classes: number;
  readonly archive: PublishedFile;
  /** The folder that the archive holds. */
  readonly folder: string;
}

const annotations = 'val/val_annotations.txt';
const limits = { picture: 2 ** 24, table: 2 ** 26 };

/**
 * Finds Tiny ImageNet at a path: the published archive, a folder that holds it, its unpacked folder, or a copy as image files.
 * @throws UserError when there is nothing of the kind.
 */
export async function findTinyImageNet(from: string, set: TinySet): Promise<FoundFiles> {
  const isFolder = existsSync(from) && statSync(from).isDirectory();
  const archive = isFolder ? join(from, set.archive.file) : from;
  const folder = [from, join(from, set.folder)].find((path) => existsSync(join(path, annotations)));
  if (folder !== undefined) return findUnpacked(folder, set);
  if (existsSync(archive) && archive.endsWith('.zip')) {
    return {
      paths: [archive],
      read: async (control) => {
        const parts = await withTrees([archive], ([tree]) => read(tree, `${set.folder}/`, set, control));
        const sums = await sumsOfFile(archive);
        return withOrigin(parts, { [basename(archive)]: checkSums(sums, archive, set.title, set.archive.md5) });
      },
    };
  }
  return imageCopy(from, set, { classCount: set.classes });
}

async function findUnpacked(folder: string, set: TinySet): Promise<FoundFiles> {
  const used = /^(train\/.*\.JPEG|val\/.*|words\.txt)$/;
  const paths = await withTrees([folder], async ([{ names, where }]) => names.filter((name) => used.test(name)).map(where));
  return {
    paths,
    read: async (control) => {
      const parts = await withTrees([folder], ([tree]) => read(tree, '', set, control));
      const { sha256 } = await sumsOf([parts.train.images, parts.test.images]);
      return withOrigin(parts, { 'decoded images': sha256 }, 'unpacked files, for which no checksum is published');
    },
  };
}

/**
 * Classes in lexicographic order of their WordNet numbers, files in that of their names; the validation pictures are the test
 * part, as those of the real test part have no published labels.
 */
async function read(tree: FileTree, prefix: string, set: TinySet, control: Control): Promise<DatasetParts> {
  const inside = tree.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const found = inside.flatMap((name) => {
    const [, wnid] = /^train\/(n\d{8})\/images\/[^/]+\.JPEG$/.exec(name) ?? [];
    return wnid === undefined ? [] : [{ name, wnid }];
  });
  const wnids = [...new Set(found.map(({ wnid }) => wnid))].sort();
  if (wnids.length !== set.classes) {
    throw new UserError(
      `'${tree.where('')}' holds ${wnids.length} classes of training pictures, but ${set.title} has ${set.classes}; get it again`,
    );
  }
  const labelOf = new Map(wnids.map((wnid, label) => [wnid, label]));
  const picture = (name: string, wnid: string): LabelledImage => ({
    label: labelOf.get(wnid) ?? -1,
    where: tree.where(prefix + name),
    read: () => tree.read(prefix + name, limits.picture),
  });
  const train = found.map(({ name, wnid }) => picture(name, wnid));
  const table = new TextDecoder().decode(await tree.read(prefix + annotations, limits.table)).trimEnd();
  const rows = table.split(/\r?\n/).map((line) => line.split('\t'));
  const bad = rows.findIndex(([file, wnid]) => !/^[\w.-]+$/.test(file) || !labelOf.has(wnid ?? ''));
  if (bad >= 0) throw new UserError(`'${tree.where(prefix + annotations)}' is damaged in line ${bad + 1}; get it again`);
  // Class by class, as the pictures are ordered once they lie in folders of their classes.
  const sorted = rows.map(([file, wnid]) => [wnid, file]).sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  const test = sorted.map(([wnid, file]) => picture(`val/images/${file}`, wnid));
  const classes = await classNames(tree, prefix, wnids);
  const parts = { train, test };
  checkCounts(parts, set, tree.where(''));
  const [, height, width] = set.imageShape;
  return decodeParts(parts, { name: set.name, classes, size: [height, width], resize: false }, control);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The first of the words that `words.txt` has for a WordNet number; the number itself where it has none. */
async function classNames(tree: FileTree, prefix: string, wnids: readonly string[]): Promise<string[]> {
  if (!tree.names.includes(`${prefix}words.txt`)) return [...wnids];
  const lines = new TextDecoder().decode(await tree.read(`${prefix}words.txt`, limits.table)).split(/\r?\n/);
  const words = new Map(lines.map((line) => line.split('\t') as [string, string]));
  return wnids.map((wnid) => words.get(wnid)?.split(',')[0] || wnid);
}
