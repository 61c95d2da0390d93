import { cachedSource } from './cached-source.js';
import { imageCopy } from './image-copy.js';

const classes = [
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

/**
 * GTSRB: photographs of 43 German traffic signs, 39,209 for training and 12,630 for testing, the whole picture resized to
 * 32 x 32 pixels, as BackdoorBench has it. In the training part 30 consecutive images of a class show one sign from
 * approaching distances.
 */
export const gtsrb = cachedSource({
  name: 'gtsrb',
  title: 'GTSRB',
  paper: {
    title: 'Man vs. computer: benchmarking machine learning algorithms for traffic sign recognition',
    authors: 'Stallkamp, Schlipsing, Salmen, Igel',
    venue: 'Neural Networks',
    year: 2012,
  },
  classes: classes.length,
  imageShape: [3, 32, 32],
  images: { train: 39_209, test: 12_630 },
  origin: 'a copy as image files split/class/file, in folders or in tar archives',
  // Files are numbered in the published order, across classes.
  find: (from) => imageCopy(from, gtsrb, { classes, resize: true, byFile: true }),
});
