import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { findNamed } from '../../core/lookup.js';
import type { Classifier } from '../../nn/classifier.js';
import { readFileBounded } from '../../runtime/node/files.js';
import { readBackdoor, type StoredBackdoor } from '../backdoor-file.js';
import { buildZooModel, dataOfEntry, readZooEntry, type ZooEntry } from '../zoo-entry.js';

/** What stands before a name where a file could stand, too. */
const PREFIX = 'zoo:';
/** More than any file of the zoo has. */
const LIMIT = 2 ** 26;

/** The folder of ready models, which comes with the package. */
const shipped = fileURLToPath(new URL('../../../zoo/', import.meta.url));

/** The files of a model: what it is, its weights, and the networks that make its trigger, where it has such. */
export interface ZooFiles {
  readonly entry: string;
  readonly weights: string;
  readonly trigger: string;
}

/** Where the files of a model lie, whether there or not. */
export function zooFiles(name: string, folder = shipped): ZooFiles {
  const at = (ending: string) => join(folder, `${name}.${ending}`);
  return { entry: at('json'), weights: at('safetensors'), trigger: at('trigger.safetensors') };
}

/** Whether a word names a model of the zoo and no file: `zoo:mnist-badnets`. */
export function isZooReference(word: string): boolean {
  return word.startsWith(PREFIX);
}

/**
 * Every model of the zoo, by name, with the bytes that its files have.
 * @throws UserError when an entry is malformed, or the package came without its zoo.
 */
export async function listZoo(folder = shipped): Promise<readonly (ZooEntry & { readonly bytes: number })[]> {
  const names = await zooNames(folder);
  return Promise.all(
    names.map(async (name) => {
      const paths = Object.values(zooFiles(name, folder)).filter((path) => existsSync(path));
      const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
      return { ...(await readEntry(name, folder)), bytes: sizes.reduce((sum, size) => sum + size, 0) };
    }),
  );
}

/**
 * The model that a reference names.
 * @throws UserError when there is none of this name, or its files are damaged or are not those that belong together.
 */
export async function loadZooModel(reference: string, folder = shipped): Promise<Classifier> {
  const entry = await findEntry(reference, folder);
  const file = zooFiles(entry.name, folder).weights;
  const bytes = await readFileBounded(file, LIMIT);
  if ((await sha256(bytes)) !== entry.weights) {
    throw new UserError(`${file} is not the file that ${entry.name}.json beside it describes; get both from the same version of Antidote`);
  }
  return buildZooModel(entry, bytes, file);
}

/**
 * The backdoor of the model that a reference names.
 * @returns undefined for a clean model.
 * @throws UserError as {@link loadZooModel} does.
 */
export async function loadZooBackdoor(reference: string, folder = shipped): Promise<StoredBackdoor | undefined> {
  const { name, result } = await findEntry(reference, folder);
  if (!result.attack) return undefined;
  const { entry, trigger } = zooFiles(name, folder);
  return readBackdoor(JSON.stringify(result), entry, () => readFileBounded(trigger, LIMIT));
}

/** Name of the data set that a model of the zoo is for; undefined for a word that is a file's name. */
export async function zooData(word: string): Promise<string | undefined> {
  return isZooReference(word) ? dataOfEntry(await findEntry(word, shipped)) : undefined;
}

async function findEntry(reference: string, folder: string): Promise<ZooEntry> {
  const names = (await zooNames(folder)).map((name) => ({ name }));
  return readEntry(findNamed(names, reference.slice(PREFIX.length), 'model in the zoo').name, folder);
}

async function readEntry(name: string, folder: string): Promise<ZooEntry> {
  const { entry } = zooFiles(name, folder);
  return readZooEntry(new TextDecoder().decode(await readFileBounded(entry, LIMIT)), entry, name);
}

async function zooNames(folder: string): Promise<string[]> {
  const files = existsSync(folder) ? await readdir(folder) : [];
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  if (names.length === 0) throw new UserError(`'${folder}' holds no ready models; install Antidote again, or give a file with --model`);
  return names.sort();
}
