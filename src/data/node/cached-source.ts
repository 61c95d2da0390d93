import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { explainWrite } from '../../runtime/node/files.js';
import type { DataSource, DatasetParts, LoadOptions } from '../source.js';
import { cacheSize, LARGEST_CACHE, readCache, StaleCache, writeCache } from './cache-file.js';
import { type CacheEntry, cacheFolder, cacheName, downloadFolder, keyOf, recall, remember } from './cache-folder.js';
import { download } from './download.js';
import type { PublishedFile } from './published.js';

/** Files of a data set that were found, and how to read them. */
export interface FoundFiles {
  /** All files that are read; their names, sizes and times tell whether a cache is still good. */
  readonly paths: readonly string[];
  /** What else decides what comes out, as JSON. */
  readonly recipe?: unknown;
  read(control: Control): Promise<DatasetParts>;
}

/** A data set that takes long to decode: what it is, and how its files are found at a path. */
export interface SlowSource extends Omit<DataSource, 'load' | 'get' | 'location'> {
  /** What {@link DataSource.get} downloads. */
  readonly published: readonly PublishedFile[];
  /** Folder where a package of some system puts the files. */
  readonly installed?: string;
  /** @throws UserError when there is nothing of the kind at the path. */
  find(from: string): Promise<FoundFiles>;
}

/** A data source that is decoded once, and then loads from the cache. */
export function cachedSource(source: SlowSource): DataSource {
  const { find: _find, published: _published, installed, ...description } = source;
  const found = installed !== undefined && existsSync(installed) ? installed : undefined;
  return {
    ...description,
    async load({ from, ...control }: LoadOptions = {}) {
      if (from !== undefined) return (await loadCached(source.name, await source.find(resolve(from)), control)).parts;
      const entry = await recall(source.name);
      if (entry) return loadRemembered(source, entry, control);
      if (found !== undefined) return obtain(source, found, control);
      throw new UserError(`${source.title} is not on this machine yet; run '${getCommand(source)}' once, or give its files with --from`);
    },
    async location() {
      return (await recall(source.name))?.from ?? found;
    },
    async get({ from = found, ...control }: LoadOptions = {}) {
      return obtain(source, from === undefined ? await downloadAll(source, control) : resolve(from), control);
    },
  };
}

async function loadRemembered(source: SlowSource, { file, from }: CacheEntry, control: Control): Promise<DatasetParts> {
  const cached = await tryCache(join(cacheFolder(), file));
  if ('parts' in cached) return cached.parts;
  const problem = `the cache of ${source.title} cannot be used (${cached.why})`;
  if (!existsSync(from)) throw new UserError(`${problem} and '${from}', which it was made of, is gone; run '${getCommand(source)}' again`);
  control.note?.(`${problem[0].toUpperCase()}${problem.slice(1)}; decoding '${from}' anew.`);
  return obtain(source, from, control);
}

/** Downloads what is missing of the published files into a folder of their own, and returns it. */
async function downloadAll({ name, published }: SlowSource, control: Control): Promise<string> {
  const folder = downloadFolder(name);
  await mkdir(folder, { recursive: true }).catch((error) => Promise.reject(explainWrite(error, folder)));
  for (const each of published) await download(each, join(folder, each.file), control);
  return folder;
}

function getCommand({ name }: SlowSource): string {
  return `antidote data get ${name}`;
}

async function obtain(source: SlowSource, from: string, control: Control): Promise<DatasetParts> {
  const { parts, file } = await loadCached(source.name, await source.find(from), control);
  if (file !== undefined) await remember(source.name, { file, from });
  return parts;
}

/**
 * Loads a data set from the cache of its files, or reads the files and writes the cache.
 * @param name of the data set, in the cache's file name and in remarks.
 * @returns the data set, and the name of its cache file, undefined where it could not be written.
 */
export async function loadCached(name: string, found: FoundFiles, control: Control): Promise<{ parts: DatasetParts; file?: string }> {
  const key = await keyOf(found.paths, [name, found.recipe ?? null]);
  const file = cacheName(name, key);
  const path = join(cacheFolder(), file);
  if (existsSync(path)) {
    const cached = await tryCache(path, key);
    if ('parts' in cached) return { parts: cached.parts, file };
    control.note?.(`The cache of ${name} cannot be used (${cached.why}); decoding anew.`);
  }
  const parts = await found.read(control);
  if (cacheSize(parts) > LARGEST_CACHE / 1.01) return { parts };
  try {
    await mkdir(cacheFolder(), { recursive: true });
    await writeCache(path, key, parts);
    return { parts, file };
  } catch (error) {
    // A data set that cannot be kept can still be used.
    control.note?.(`The decoded images of ${name} could not be kept: ${(error as Error).message}`);
    return { parts };
  }
}

async function tryCache(path: string, key?: string): Promise<{ parts: DatasetParts } | { why: string }> {
  try {
    return { parts: await readCache(path, key) };
  } catch (error) {
    if (error instanceof StaleCache || error instanceof UserError) return { why: error.message };
    throw error;
  }
}
