import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { DatasetParts, LoadOptions } from '../source.js';
import { loadCached } from './cached-source.js';
import { findImageFiles } from './image-files.js';
import { readImageSet } from './image-set.js';
import { dataSources, findDataSource } from './registry.js';

export interface OpenOptions extends LoadOptions {
  /** Height and width in pixels to which the images at a path are resized; default: they must all have one size. */
  readonly imageSize?: number;
}

/**
 * Loads a data set by its name, or one's own images from a path: a folder `split/class/file` or a tar archive of one.
 * A name wins over a folder that is called the same; write `./mnist` for the folder.
 * @throws UserError when there is neither, or the files are missing or damaged.
 */
export async function openData(data: string, { imageSize, from, ...control }: OpenOptions = {}): Promise<DatasetParts> {
  if (dataSources.some(({ name }) => name === data) || !isPath(data)) {
    const source = findDataSource(data);
    if (imageSize !== undefined) throw new UserError(`${source.title} has its own image size; leave out --image-size`);
    return source.load({ ...control, from });
  }
  if (from !== undefined) throw new UserError(`'${data}' is a path itself; leave out --from`);
  return loadOwnImages(resolve(data), imageSize, control);
}

function isPath(data: string): boolean {
  return /[\\/]/.test(data) || existsSync(data);
}

async function loadOwnImages(path: string, imageSize: number | undefined, control: Control): Promise<DatasetParts> {
  const name = basename(path).replace(/\.(tar|tar\.gz|tgz)$/i, '');
  const files = await findImageFiles(path);
  const size = imageSize === undefined ? undefined : ([imageSize, imageSize] as const);
  const read = (given: Control) => readImageSet(files, { name, size }, given);
  return (await loadCached(name, { paths: files.paths, recipe: ['images', path, size ?? null], read }, control)).parts;
}
