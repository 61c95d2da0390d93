import { UserError } from '../../core/errors.js';
import type { DataSource, DatasetParts } from '../source.js';
import type { FoundFiles } from './cached-source.js';
import { withOrigin } from './decode-parts.js';
import { findImageFiles } from './image-files.js';
import { readImageSet } from './image-set.js';

/** What is known of the published data set. */
export type Described = Pick<DataSource, 'name' | 'title' | 'imageShape' | 'images'>;

export interface CopyOptions {
  /** Names of the classes by label; default: the folders' names in lexicographic order. */
  readonly classes?: readonly string[];
  /** Number of classes that there must be. */
  readonly classCount?: number;
  /** Whether images of another size are resized, with antialiasing; else they are refused. */
  readonly resize?: boolean;
  /** Whether files are numbered in the published order across classes. */
  readonly byFile?: boolean;
}

/**
 * A published data set as somebody unpacked it: image files `split/class/file`, in folders or tar archives. Nobody can tell
 * whether the pixels are the published ones, so what is loaded says that it is a copy.
 */
export async function imageCopy(from: string, source: Described, how: CopyOptions): Promise<FoundFiles> {
  const { name, title, imageShape, images } = source;
  const files = await findImageFiles(from, name);
  const [, height, width] = imageShape;
  return {
    paths: files.paths,
    recipe: 'image files',
    async read(control) {
      const options = { name, classes: how.classes, byFile: how.byFile, ...(how.resize && { size: [height, width] as const }) };
      const parts = await readImageSet(files, options, control);
      const { train, test } = parts;
      if (how.classCount !== undefined && train.classes.length !== how.classCount) {
        throw new UserError(`'${from}' holds ${train.classes.length} classes, but ${title} has ${how.classCount}; get all of them`);
      }
      for (const part of [train, test]) {
        const expected = images[part.split as keyof DatasetParts];
        if (part.labels.length === expected) continue;
        throw new UserError(
          `'${from}' holds ${part.labels.length} ${part.split} images, but ${title} has ${expected}; get all, or give the path as the data set itself (--data '${from}')`,
        );
      }
      if (train.imageShape[1] !== height || train.imageShape[2] !== width) {
        throw new UserError(
          `'${from}' holds images of ${train.imageShape.slice(1).join(' x ')} pixels, but ${title}'s have ${height} x ${width}`,
        );
      }
      return withOrigin(parts, train.checksums, 'a copy as image files, not the published archive');
    },
  };
}
