import type { TriggerFamily } from '../family.js';

/**
 * A small patch: (1 - m) x + m p with a mask m and a pattern p in [0, 1], which costs Σ m (Wang et al., "Neural Cleanse", S&P
 * 2019). BadNets and everything else that covers few pixels.
 */
export const patch: TriggerFamily = {
  name: 'patch',
  summary: 'a small patch',
  unit: 'pixels',
  weight: 0.01,
  rate: 0.5,
  parameters: ([channels, height, width]) => ({
    // A mask of 0.12 all over.
    mask: { dims: [1, height, width], mean: -2, deviation: 0 },
    pattern: { dims: [channels, height, width], mean: 0, deviation: 1 },
  }),
  apply(builder, images, parameters) {
    const mask = builder.unsqueeze(builder.sigmoid(parameters.mask), [1]);
    const pattern = builder.unsqueeze(builder.sigmoid(parameters.pattern), [1]);
    const changed = builder.add(images, builder.mul(mask, builder.sub(pattern, images)));
    return { changed, cost: builder.reduceSum(mask, [1, 2, 3, 4]) };
  },
};
