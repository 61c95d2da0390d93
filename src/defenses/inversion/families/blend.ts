import type { TriggerFamily } from '../family.js';

/** Largest share of the other picture. */
const BOUND = 0.5;

/**
 * Another picture shining through: (1 - a) x + a p with a picture p in [0, 1] and one share a <= 0.5, which is the cost. Blended.
 */
export const blend: TriggerFamily = {
  name: 'blend',
  summary: 'another picture blended in',
  unit: 'share of the picture',
  weight: 5,
  rate: 0.2,
  parameters: (shape) => ({
    // A share of 0.13.
    share: { dims: [1, 1, 1], mean: -1, deviation: 0 },
    picture: { dims: shape, mean: 0, deviation: 1 },
  }),
  apply(builder, images, parameters) {
    const share = builder.mul(builder.sigmoid(parameters.share), builder.scalar(BOUND));
    const picture = builder.unsqueeze(builder.sigmoid(parameters.picture), [1]);
    const changed = builder.add(images, builder.mul(builder.unsqueeze(share, [1]), builder.sub(picture, images)));
    return { changed, cost: builder.reduceSum(share, [1, 2, 3]) };
  },
};
