import { UserError } from '../../core/errors.js';
import { type CifarBatch, joinBatches, parseCifarBinary, parseCifarPython } from '../cifar.js';
import type { Dataset } from '../dataset.js';
import type { DatasetParts } from '../source.js';
import { checkSums, type PublishedFile, sumsOf } from './published.js';

/** One of the forms in which a CIFAR set is published. */
export interface CifarForm {
  readonly kind: 'binary' | 'python';
  readonly archive: PublishedFile;
  /** The folder that the archive holds. */
  readonly folder: string;
  /** Its files of training images, in order, and of test images; MD5 where it was published, else undefined. */
  readonly train: Readonly<Record<string, string | undefined>>;
  readonly test: Readonly<Record<string, string | undefined>>;
}

/** What is known of CIFAR-10 or CIFAR-100. */
export interface CifarSet {
  readonly name: string;
  readonly title: string;
  readonly classes: readonly string[];
  readonly images: { readonly train: number; readonly test: number };
  /** Bytes before the pixels in the binary form, and key of the labels in the Python form. */
  readonly labels: { readonly bytes: 1 | 2; readonly key: 'labels' | 'fine_labels' };
  readonly forms: readonly CifarForm[];
}

/** A file that was read: its name, bytes and path for messages. */
export interface Member {
  readonly name: string;
  readonly where: string;
  readonly bytes: Uint8Array;
}

const splits = ['train', 'test'] as const;

/**
 * Makes a data set of the files of one form.
 * @throws UserError when a file is damaged, is not the published one, or the counts are not the published ones.
 */
export async function assemble(members: readonly Member[], form: CifarForm, set: CifarSet): Promise<DatasetParts> {
  const parts: Dataset[] = [];
  for (const split of splits) {
    const names = Object.keys(form[split]);
    const files = names.map((name) => members.find((member) => member.name === name) as Member);
    const batch = joinBatches(files.map(({ bytes, where }) => parse(bytes, where, form.kind, set)));
    checkCounts(batch, split, set, files[0].where);
    const checksums: Record<string, string> = {};
    for (const { name, where, bytes } of files) {
      const sums = await sumsOf([bytes]);
      const expected = form[split][name];
      checksums[name] = expected === undefined ? sums.sha256 : checkSums(sums, where, set.title, expected);
    }
    const unknown = names.some((name) => form[split][name] === undefined);
    parts.push(partOf(set, split, batch, checksums, unknown ? 'unpacked files, for which no checksum is published' : undefined));
  }
  return { train: parts[0], test: parts[1] };
}

/** Makes a data set of a part of the training images and a part of the test images, in the binary form. */
export async function assemblePartial(members: readonly Member[], set: CifarSet): Promise<DatasetParts> {
  const parts: Dataset[] = [];
  for (const [i, { name, where, bytes }] of members.entries()) {
    const batch = parse(bytes, where, 'binary', set);
    const origin = `a part of the published images: ${batch.labels.length} of ${set.images[splits[i]]} for ${splits[i]}`;
    parts.push(partOf(set, splits[i], batch, { [name]: (await sumsOf([bytes])).sha256 }, origin));
  }
  return { train: parts[0], test: parts[1] };
}

function parse(bytes: Uint8Array, where: string, kind: CifarForm['kind'], { classes, labels }: CifarSet): CifarBatch {
  if (kind === 'python') return parseCifarPython(bytes, classes.length, labels.key, where);
  return parseCifarBinary(bytes, classes.length, labels.bytes, where);
}

/** All classes have the same number of images in both parts of both sets. */
function checkCounts({ labels }: CifarBatch, split: 'train' | 'test', { title, classes, images }: CifarSet, where: string): void {
  if (labels.length !== images[split]) {
    throw new UserError(
      `the files from '${where}' on hold ${labels.length} ${split} images, but ${title} has ${images[split]}; get them again`,
    );
  }
  const counts = new Array<number>(classes.length).fill(0);
  for (const label of labels) counts[label]++;
  const odd = counts.findIndex((count) => count * classes.length !== labels.length);
  if (odd < 0) return;
  throw new UserError(
    `the files from '${where}' on hold ${counts[odd]} ${split} images of class ${odd}, but ${title} has ${labels.length / classes.length}; get them again`,
  );
}

function partOf(set: CifarSet, split: string, { labels, images }: CifarBatch, checksums: Record<string, string>, origin?: string): Dataset {
  const { name, classes } = set;
  return { name, split, classes, imageShape: [3, 32, 32], images, labels, checksums, ...(origin !== undefined && { origin }) };
}
