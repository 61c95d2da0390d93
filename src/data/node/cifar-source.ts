import { cachedSource } from './cached-source.js';
import type { CifarSet } from './cifar-parts.js';
import { findCifar } from './cifar-set.js';

/** CIFAR-10 or CIFAR-100, in whichever of its published forms it is found. */
export const cifarSource = (set: CifarSet) =>
  cachedSource({
    ...set,
    classes: set.classes.length,
    paper: {
      title: 'Learning multiple layers of features from tiny images',
      authors: 'Krizhevsky',
      venue: 'Technical report, University of Toronto',
      year: 2009,
    },
    imageShape: [3, 32, 32],
    origin: `${set.forms.map(({ archive }) => archive.file).join(' or ')}, packed or unpacked, or a copy as image files`,
    published: [set.forms[0].archive],
    find: (from) => findCifar(from, set),
  });
