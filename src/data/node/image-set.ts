import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { DatasetParts } from '../source.js';
import { decodeImage } from './decode-image.js';
import { decodeParts, withOrigin } from './decode-parts.js';
import type { ImageFile, ImageFiles } from './image-files.js';

/** What is known of a data set before its images are read. */
export interface ImageSetOptions {
  readonly name: string;
  /** Names of the classes by label; a folder has a class's name or its number. Default: the folders' names, in order. */
  readonly classes?: readonly string[];
  /** Height and width to which images are resized, with antialiasing; default: all images must have one size. */
  readonly size?: readonly [number, number];
  /** Whether images are ordered by file name across classes; default: class by class. */
  readonly byFile?: boolean;
}

/** Names of the folder of test images, best first. */
const testFolders = ['test', 'val', 'validation', 'valid'];

/**
 * Decodes a data set of images `split/class/file`. The parts are `train` and `test` (or else `val`); labels follow the
 * classes' names in lexicographic order unless `classes` says otherwise. Same files, same bytes, on any machine.
 * @throws UserError when a part or a class is missing, two images share a name, sizes differ, or an image is damaged.
 */
export async function readImageSet(files: ImageFiles, options: ImageSetOptions, control: Control = {}): Promise<DatasetParts> {
  const { images, checksums } = await files.list();
  const splits = new Set(images.map(({ split }) => split));
  const testFolder = testFolders.find((name) => splits.has(name));
  if (!splits.has('train') || testFolder === undefined) {
    const found = [...splits].slice(0, 5).join(', ') || 'none';
    throw new UserError(
      `${options.name} needs images as train/CLASS/FILE and test/CLASS/FILE (png, jpg, webp or ppm); found parts: ${found}; check the path`,
    );
  }
  const train = images.filter(({ split }) => split === 'train');
  const test = images.filter(({ split }) => split === testFolder);
  const classes = options.classes ?? [...new Set(train.map(({ folder }) => folder))].sort();
  const size = options.size ?? (await sizeOf(train[0]));
  const order = (found: readonly ImageFile[]) => inOrder(found, classes, options);
  const parts = { train: order(train), test: order(test) };
  const decoded = await decodeParts(parts, { name: options.name, classes, size, resize: options.size !== undefined }, control);
  return withOrigin(decoded, checksums);
}

interface Labelled extends ImageFile {
  readonly label: number;
}

function inOrder(images: readonly ImageFile[], classes: readonly string[], { name, byFile = false }: ImageSetOptions): Labelled[] {
  const labels = new Map(classes.map((title, label) => [title, label]));
  const labelled = images.map((image) => ({ ...image, label: labels.get(image.folder) ?? numbered(image.folder, classes.length) }));
  const foreign = labelled.find(({ label }) => label < 0);
  if (foreign) {
    const { where, folder } = foreign;
    throw new UserError(`'${where}' is in the class '${folder}', which ${name} does not have; rename or remove that folder`);
  }
  const byClass = (a: Labelled, b: Labelled) => a.label - b.label;
  const byName = (a: Labelled, b: Labelled) => (a.name < b.name ? -1 : Number(a.name > b.name));
  labelled.sort(byFile ? (a, b) => byName(a, b) || byClass(a, b) : (a, b) => byClass(a, b) || byName(a, b));
  const twice = labelled.findIndex((item, i) => i > 0 && byClass(item, labelled[i - 1]) === 0 && byName(item, labelled[i - 1]) === 0);
  if (twice > 0) {
    throw new UserError(`'${labelled[twice].where}' is there twice, also as '${labelled[twice - 1].where}'; remove one`);
  }
  return labelled;
}

/** The label that a folder's name is the number of, e.g. `00042`; -1 where it is none. */
function numbered(folder: string, classes: number): number {
  return /^\d{1,9}$/.test(folder) && Number(folder) < classes ? Number(folder) : -1;
}

async function sizeOf(image: ImageFile): Promise<[number, number]> {
  const { height, width } = await decodeImage(await image.read(), image.where);
  return [height, width];
}
