import { cachedSource } from './cached-source.js';
import { findTinyImageNet, type TinySet } from './tiny-imagenet-files.js';

const set: TinySet = {
  name: 'tiny',
  title: 'Tiny ImageNet',
  classes: 200,
  imageShape: [3, 64, 64],
  images: { train: 100_000, test: 10_000 },
  archive: {
    file: 'tiny-imagenet-200.zip',
    url: 'https://cs231n.stanford.edu/tiny-imagenet-200.zip',
    md5: '90528d7ca1a48142e341f4ef8d21d0de',
  },
  folder: 'tiny-imagenet-200',
};

/**
 * Tiny ImageNet: photographs of 200 of ImageNet's classes, 64 x 64 pixels, 100,000 for training. The 10,000 validation
 * images are the test part, as in the literature.
 */
export const tinyImageNet = cachedSource({
  ...set,
  paper: { title: 'Tiny ImageNet visual recognition challenge', authors: 'Le, Yang', venue: 'CS 231N, Stanford University', year: 2015 },
  origin: 'tiny-imagenet-200.zip, packed or unpacked, or a copy as image files',
  published: [set.archive],
  find: (from) => findTinyImageNet(from, set),
});
