import { cachedSource } from './cached-source.js';
import { findGtsrb, type GtsrbSet } from './gtsrb-files.js';
import type { PublishedFile } from './published.js';

const classNames = [
  'speed limit 20',
  'speed limit 30',
  'speed limit 50',
  'speed limit 60',
  'speed limit 70',
  'speed limit 80',
  'end of speed limit 80',
  'speed limit 100',
  'speed limit 120',
  'no overtaking',
  'no overtaking by lorries',
  'right of way at the next crossing',
  'priority road',
  'give way',
  'stop',
  'no vehicles',
  'no lorries',
  'no entry',
  'danger',
  'bend to the left',
  'bend to the right',
  'double bend',
  'uneven road',
  'slippery road',
  'road narrows on the right',
  'road works',
  'traffic lights',
  'pedestrians',
  'children',
  'bicycles',
  'ice or snow',
  'wild animals',
  'end of all limits',
  'turn right ahead',
  'turn left ahead',
  'ahead only',
  'ahead or right',
  'ahead or left',
  'keep right',
  'keep left',
  'roundabout',
  'end of no overtaking',
  'end of no overtaking by lorries',
];

const published = (file: string, md5: string): PublishedFile => ({
  file,
  url: `https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/${file}`,
  md5,
});

const set: GtsrbSet = {
  name: 'gtsrb',
  title: 'GTSRB',
  classNames,
  imageShape: [3, 32, 32],
  images: { train: 39_209, test: 12_630 },
  archives: [
    published('GTSRB_Final_Training_Images.zip', 'f33fd80ac59bff73c82d25ab499e03a3'),
    published('GTSRB_Final_Test_Images.zip', 'c7e4e6327067d32654124b0fe9e82185'),
    published('GTSRB_Final_Test_GT.zip', 'fe31e9c9270bbcd7b84b7f21a9d9d9e5'),
  ],
};

/**
 * GTSRB: photographs of 43 German traffic signs, 39,209 for training and 12,630 for testing, the whole picture resized to
 * 32 x 32 pixels, as BackdoorBench has it. In the training part 30 consecutive images of a class show one sign from
 * ever smaller distances.
 */
export const gtsrb = cachedSource({
  ...set,
  classes: classNames.length,
  paper: {
    title: 'Man vs. computer: benchmarking machine learning algorithms for traffic sign recognition',
    authors: 'Stallkamp, Schlipsing, Salmen, Igel',
    venue: 'Neural Networks',
    year: 2012,
  },
  origin: 'the three GTSRB_Final archives in one folder, packed or unpacked, or a copy as image files',
  published: set.archives,
  find: (from) => findGtsrb(from, set),
});
