import type { Strategy } from './strategy.js';

/** Chance: what every other ranking has to beat. */
export const random: Strategy = {
  name: 'random',
  summary: 'nothing, but drawn at random, for comparison',
  async rank({ layers, random }) {
    const scores = Object.fromEntries(
      layers.map(({ name, channels }) => {
        const draws = random.fork(name);
        return [name, Float32Array.from({ length: channels }, () => draws.uniform())];
      }),
    );
    return { scores, by: 'numbers drawn at random' };
  },
};
