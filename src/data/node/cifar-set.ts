import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkInterrupted, UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { readTar } from '../../formats/tar.js';
import { readFileBounded } from '../../runtime/node/files.js';
import type { Dataset } from '../dataset.js';
import type { DatasetParts } from '../source.js';
import type { FoundFiles } from './cached-source.js';
import { assemble, assemblePartial, type CifarSet, type Member } from './cifar-parts.js';
import { imageExtension } from './decode-image.js';
import { imageCopy } from './image-copy.js';
import { checkSums, sumsOfFile } from './published.js';
import { unpacked } from './read.js';

/** Part of a set in the binary form, for who has no more than that. */
const partial = { train: 'train_partial.bin', test: 'test_partial.bin' };

/** Most bytes of one file inside an archive, and of all. */
const limits = { entry: 2 ** 28, total: 2 ** 30 };

/**
 * Finds a CIFAR set at a path: a published archive, a folder that holds one or its unpacked files, a folder with
 * `train_partial.bin` and `test_partial.bin` (any number of records of the binary form), or a copy as image files.
 * @throws UserError when there is nothing of the kind.
 */
export async function findCifar(from: string, set: CifarSet): Promise<FoundFiles> {
  if (!existsSync(from)) throw new UserError(`'${from}' does not exist; check the path`);
  if (statSync(from).isFile()) return { paths: [from], read: (control) => readArchive(from, set, control) };
  for (const form of set.forms) {
    const names = [...Object.keys(form.train), ...Object.keys(form.test)];
    const folder = [from, join(from, form.folder)].find((candidate) => names.every((name) => existsSync(join(candidate, name))));
    if (folder !== undefined) {
      const paths = names.map((name) => join(folder, name));
      return { paths, read: async () => assemble(await readAll(paths), form, set) };
    }
  }
  const archive = set.forms.map((form) => join(from, form.archive.file)).find((path) => existsSync(path));
  if (archive !== undefined) return { paths: [archive], read: (control) => readArchive(archive, set, control) };
  const parts = [partial.train, partial.test].map((name) => join(from, name));
  if (parts.every((path) => existsSync(path))) return { paths: parts, read: async () => assemblePartial(await readAll(parts), set) };
  return copyAsImages(from, set);
}

function copyAsImages(from: string, { name, title, classes, images }: CifarSet): Promise<FoundFiles> {
  return imageCopy(from, { name, title, imageShape: [3, 32, 32], images }, { classes });
}

async function readAll(paths: readonly string[]): Promise<Member[]> {
  const members: Member[] = [];
  for (const path of paths) members.push({ name: basename(path), where: path, bytes: await readFileBounded(path, limits.entry) });
  return members;
}

async function readArchive(path: string, set: CifarSet, control: Control): Promise<DatasetParts> {
  const known = new Set(set.forms.flatMap(({ train, test }) => [...Object.keys(train), ...Object.keys(test)]));
  const members: Member[] = [];
  for await (const { name, bytes, offset } of readTar(unpacked(path), path, limits)) {
    checkInterrupted(control.signal, `while reading '${path}'`);
    const [last] = name.split('/').slice(-1);
    if (known.has(last)) members.push({ name: last, where: `${path}: ${name}, at byte ${offset}`, bytes });
    else if (members.length === 0 && imageExtension.test(last)) return (await copyAsImages(path, set)).read(control);
  }
  const names = members.map(({ name }) => name);
  const form = set.forms.find(({ train, test }) => [...Object.keys(train), ...Object.keys(test)].every((name) => names.includes(name)));
  if (!form) {
    const found = names.length > 0 ? `only ${names.join(', ')}` : 'none of them';
    throw new UserError(`'${path}' does not hold the files of ${set.title}: it has ${found}; get ${set.forms[0].archive.file} again`);
  }
  const { train, test } = await assemble(members, form, set);
  const checksums = { [basename(path)]: checkSums(await sumsOfFile(path), path, set.title, form.archive.md5) };
  return { train: published(train, checksums), test: published(test, checksums) };
}

/** What the archive's own checksum vouches for needs no other remark. */
function published({ origin: _, ...part }: Dataset, checksums: Dataset['checksums']): Dataset {
  return { ...part, checksums };
}
