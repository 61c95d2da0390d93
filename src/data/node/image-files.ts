import { createHash } from 'node:crypto';
import { type Dirent, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { readTar } from '../../formats/tar.js';
import { readFileBounded } from '../../runtime/node/files.js';
import type { EncodedImage } from './decode-all.js';
import { imageExtension } from './decode-image.js';
import { sha256OfFile, unpacked } from './read.js';

/** An image as `split/class/file` names it. */
export interface ImageFile extends EncodedImage {
  readonly split: string;
  readonly folder: string;
  readonly name: string;
}

/** Where images come from: a folder of folders, or tar archives. */
export interface ImageFiles {
  /** The files on disk that it consists of. */
  readonly paths: readonly string[];
  /** Reads all of it once. `checksums`: name of an archive, or of the folder, to its SHA-256. */
  list(): Promise<{ images: ImageFile[]; checksums: Record<string, string> }>;
}

const archive = /\.(tar|tar\.gz|tgz)$/i;
/** Most bytes of one image file, packed, and of an archive's content. */
const limits = { entry: 2 ** 26, total: 2 ** 35 };

/**
 * Finds the images at a path: a folder `split/class/file`, a tar archive (packed with gzip or not) of such a folder, or a
 * folder that holds such archives.
 * @param name of the data set: where archives in the folder begin with it, only those are taken.
 * @throws UserError when there is nothing of the kind.
 */
export async function findImageFiles(path: string, name?: string): Promise<ImageFiles> {
  const status = await stat(path).catch(() => {
    throw new UserError(`'${path}' does not exist; check the path`);
  });
  if (status.isFile() && archive.test(path)) return fromArchives([path]);
  if (!status.isDirectory()) throw new UserError(`'${path}' is neither a folder nor a .tar or .tar.gz archive; check the path`);
  const entries = entriesOf(path);
  const archives = entries.filter((entry) => !entry.isDirectory() && archive.test(entry.name)).map((entry) => entry.name);
  const own = archives.filter((file) => name !== undefined && file.startsWith(name) && /^[^a-z0-9]/i.test(file.slice(name.length)));
  if (archives.length > 0) return fromArchives((own.length > 0 ? own : archives).sort().map((file) => join(path, file)));
  return fromFolder(path);
}

function fromArchives(paths: readonly string[]): ImageFiles {
  return {
    paths,
    async list() {
      const images: ImageFile[] = [];
      const checksums: Record<string, string> = {};
      for (const path of paths) {
        for await (const { name, bytes, offset } of readTar(unpacked(path), path, limits)) {
          const place = placeOf(name.split('/').filter((part) => part !== '' && part !== '.'));
          if (place) images.push({ ...place, where: `${path}: ${name}, at byte ${offset}`, read: async () => bytes });
        }
        checksums[basename(path)] = await sha256OfFile(path);
      }
      return { images, checksums };
    },
  };
}

function fromFolder(root: string): ImageFiles {
  const found = folders(root).flatMap((split) =>
    folders(join(root, split)).flatMap((folder) => files(join(root, split, folder)).map((name) => [split, folder, name])),
  );
  const places = found.flatMap((parts) => placeOf(parts) ?? []);
  const pathOf = ({ split, folder, name }: Place) => join(root, split, folder, name);
  return {
    paths: places.map(pathOf),
    async list() {
      const hash = createHash('sha256');
      const images: ImageFile[] = [];
      for (const place of places) {
        const where = pathOf(place);
        const bytes = await readFileBounded(where, limits.entry);
        hash.update(`${place.split}/${place.folder}/${place.name}\0${bytes.length}\0`).update(bytes);
        images.push({ ...place, where, read: async () => bytes });
      }
      return { images, checksums: { [basename(root)]: hash.digest('hex') } };
    },
  };
}

type Place = Pick<ImageFile, 'split' | 'folder' | 'name'>;

/** The last three parts of a path, where they name an image; hidden files, which some systems leave behind, are none. */
function placeOf(parts: readonly string[]): Place | undefined {
  const [split, folder, name] = parts.slice(-3);
  return name !== undefined && imageExtension.test(name) && !name.startsWith('.') ? { split, folder, name } : undefined;
}

function folders(path: string): string[] {
  return entriesOf(path)
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort();
}

function files(path: string): string[] {
  return entriesOf(path)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    throw new UserError(`'${path}' cannot be read as a folder (${(error as NodeJS.ErrnoException).code}); check it and its permissions`);
  }
}
