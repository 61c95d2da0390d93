import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { Dataset } from '../dataset.js';
import type { DatasetParts } from '../source.js';
import { decodeAll, type EncodedImage } from './decode-all.js';
import type { Described } from './image-copy.js';

export interface LabelledImage extends EncodedImage {
  readonly label: number;
}

export interface LabelledParts {
  readonly train: readonly LabelledImage[];
  readonly test: readonly LabelledImage[];
}

/** What the data set is, apart from its images. */
export interface PartsOptions {
  readonly name: string;
  readonly classes: readonly string[];
  /** Height and width of all images, pixels. */
  readonly size: readonly [number, number];
  /** Whether images of another size are resized, with antialiasing; else they are refused. */
  readonly resize: boolean;
}

const PROGRESS_EVERY = 500;

/**
 * Decodes both parts of a data set, in the given order. Checksums are left to who knows the files.
 * @throws UserError when an image is damaged or has another size; Interrupted when the signal fires.
 */
export async function decodeParts({ train, test }: LabelledParts, options: PartsOptions, control: Control): Promise<DatasetParts> {
  const { name, classes, size, resize } = options;
  const total = train.length + test.length;
  let done = 0;
  const decoded = () => {
    done++;
    if (done % PROGRESS_EVERY === 0 || done === total) control.progress?.({ phase: `decode ${name}`, done, total, unit: 'image' });
  };
  const part = async (images: readonly LabelledImage[], split: string): Promise<Dataset> => {
    const pixels = await decodeAll(images, { size, resize, decoded }, control);
    const labels = Int32Array.from(images, ({ label }) => label);
    return { name, split, classes, imageShape: [3, ...size], images: pixels, labels, checksums: {} };
  };
  return { train: await part(train, 'train'), test: await part(test, 'test') };
}

/**
 * Checks that as many images were found as were published.
 * @param where they were found.
 * @throws UserError when there are more or fewer.
 */
export function checkCounts(parts: LabelledParts, { title, images }: Described, where: string): void {
  for (const split of ['train', 'test'] as const) {
    const found = parts[split].length;
    if (found !== images[split]) {
      throw new UserError(`'${where}' holds ${found} ${split} images, but ${title} has ${images[split]}; get all of them`);
    }
  }
}

/** The same images with a record of the files that both parts were read from, and where those are not the published ones, of what they are. */
export function withOrigin({ train, test }: DatasetParts, checksums: Dataset['checksums'], origin?: string): DatasetParts {
  const more = { checksums, ...(origin !== undefined && { origin }) };
  return { train: { ...train, ...more }, test: { ...test, ...more } };
}
