import type { Strategy } from './strategy.js';

/** The published ranking: the lower the network's accuracy under a map's own adversarial inputs, the more suspicious the map. */
export const accuracy: Strategy = {
  name: 'accuracy',
  summary: "how far the network's accuracy falls on the inputs that disturb them most (as published)",
  async rank({ scan }) {
    const scores = Object.fromEntries(
      Object.entries(await scan()).map(([layer, fates]) => [layer, fates.map((fate) => 1 - fate.accuracy)]),
    );
    return { scores, by: "the network's accuracy on the inputs that disturb them most, lowest first" };
  },
};
