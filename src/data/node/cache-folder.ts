import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../runtime/node/files.js';

/** Raised when decoding changes, so that what an older version decoded is not taken for what this one would. */
const DECODER = 1;

/**
 * Folder of decoded data sets: `data` in `$ANTIDOTE_HOME`, else in `$XDG_CACHE_HOME/antidote`, else in `~/.cache/antidote`.
 */
export function cacheFolder(): string {
  return join(home(), 'data');
}

/** Folder of a data set's downloaded archives: `downloads/<name>` beside {@link cacheFolder}. */
export function downloadFolder(name: string): string {
  return join(home(), 'downloads', name);
}

/** Folder of what attacks prepared: `prepared` beside {@link cacheFolder}. */
export function preparedFolder(): string {
  return join(home(), 'prepared');
}

/** Folder of measurements by which the forms of convolutions are chosen: `forms` beside {@link cacheFolder}. */
export function formsFolder(): string {
  return join(home(), 'forms');
}

function home(): string {
  const { ANTIDOTE_HOME: own, XDG_CACHE_HOME: cache } = process.env;
  return own || join(cache || join(homedir(), '.cache'), 'antidote');
}

/** Identifies files by path, size and time of change, and what is made of them by `recipe`: 64 hexadecimal digits. */
export async function keyOf(paths: readonly string[], recipe: unknown): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([DECODER, recipe]));
  for (const path of paths) {
    const status = await stat(path).catch(() => {
      throw new UserError(`'${path}' cannot be read; check that it exists and its permissions`);
    });
    hash.update(JSON.stringify([path, status.size, status.mtimeMs]));
  }
  return hash.digest('hex');
}

/** Name of the cache file of a data set that was read from the files of a key. */
export function cacheName(name: string, key: string): string {
  return `${name.replace(/[^\w.-]/g, '_')}-${key.slice(0, 16)}.cache`;
}

const entrySchema = z.object({
  /** Name of the cache file. */
  file: z.string().regex(/^[\w.-]+$/),
  /** Path of what it was made of. */
  from: z.string(),
});

/** What is found under a data set's name alone. */
export type CacheEntry = z.infer<typeof entrySchema>;

/** What was remembered under the name; undefined where nothing was, or it is damaged. */
export async function recall(name: string): Promise<CacheEntry | undefined> {
  try {
    return entrySchema.parse(JSON.parse(await readFile(entryPath(name), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Makes a cache file the one that is found under the data set's name alone. */
export async function remember(name: string, entry: CacheEntry): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  await writeFileAtomic(entryPath(name), JSON.stringify(entry));
}

function entryPath(name: string): string {
  return join(cacheFolder(), `${name}.json`);
}
