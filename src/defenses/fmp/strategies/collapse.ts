import type { Strategy } from './strategy.js';

/** A backdoor sends everything to one class, which a plain accuracy does not see. Same inputs as the published ranking. */
export const collapse: Strategy = {
  name: 'collapse',
  summary: 'how many images the inputs that disturb them most send to a single class',
  async rank({ scan }) {
    const scores = Object.fromEntries(Object.entries(await scan()).map(([layer, fates]) => [layer, fates.map((fate) => fate.collapse)]));
    return { scores, by: 'the largest share of images that the inputs which disturb them most send to a single class' };
  },
};
