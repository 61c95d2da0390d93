import { cachedSource } from './cached-source.js';
import { imageCopy } from './image-copy.js';

const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/** CIFAR-10: small colour pictures of animals and vehicles, 50,000 for training and 10,000 for testing. */
export const cifar10 = cachedSource({
  name: 'cifar10',
  title: 'CIFAR-10',
  paper: {
    title: 'Learning multiple layers of features from tiny images',
    authors: 'Krizhevsky',
    venue: 'Technical report, University of Toronto',
    year: 2009,
  },
  classes: classes.length,
  imageShape: [3, 32, 32],
  images: { train: 50_000, test: 10_000 },
  origin: 'a copy as image files split/class/file, in folders or in tar archives',
  find: (from) => imageCopy(from, cifar10, { classes }),
});
