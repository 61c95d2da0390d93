import { dirname } from 'node:path';
import { UserError } from '../../core/errors.js';
import { cachedSource, type FoundFiles } from './cached-source.js';
import { findIdxFile, type IdxSet, idxFiles, readIdxSet } from './idx-set.js';
import type { PublishedFile } from './published.js';

const set: IdxSet = {
  name: 'fashion-mnist',
  title: 'Fashion-MNIST',
  classes: ['T-shirt', 'trousers', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'],
  imageShape: [1, 28, 28],
  images: { train: 60_000, test: 10_000 },
  published: {
    'train-images-idx3-ubyte': 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    'train-labels-idx1-ubyte': 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    't10k-images-idx3-ubyte': '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    't10k-labels-idx1-ubyte': '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  },
};

const published = (name: string, md5: string, bytes: number): PublishedFile => ({
  file: `${name}.gz`,
  url: `https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/${name}.gz`,
  md5,
  bytes,
});

/** Fashion-MNIST: grey pictures of clothes, 28 x 28 pixels, 60,000 for training and 10,000 for testing. */
export const fashionMnist = cachedSource({
  ...set,
  classes: set.classes.length,
  paper: {
    title: 'Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms',
    authors: 'Xiao, Rasul, Vollgraf',
    venue: 'arXiv:1708.07747',
    year: 2017,
  },
  origin: "the four published IDX files, plain or .gz; Debian's package dataset-fashion-mnist is found by itself",
  published: [
    published('train-images-idx3-ubyte', '8d4fb7e6c68d591d4c3dfef9ec88bf0d', 26_421_880),
    published('train-labels-idx1-ubyte', '25c81989df183df01b3e8a0aad5dffbe', 29_515),
    published('t10k-images-idx3-ubyte', 'bef4ecab320f06d8554ea6380940ec79', 4_422_102),
    published('t10k-labels-idx1-ubyte', 'bb300cfdad3c16e7a12a480ee83cd310', 5_148),
  ],
  installed: '/usr/share/datasets/fashion-mnist',
  find,
});

async function find(from: string): Promise<FoundFiles> {
  const folder = /ubyte(\.gz)?$/.test(from) ? dirname(from) : from;
  const names = Object.values(idxFiles).flatMap(({ images, labels }) => [images, labels]);
  const paths = names.map((name) => {
    const path = findIdxFile(folder, name);
    if (path !== undefined) return path;
    throw new UserError(`'${folder}' has neither ${name} nor ${name}.gz; give the folder that holds ${set.title}'s four files`);
  });
  return { paths, read: (control) => readIdxSet(folder, set, control) };
}
