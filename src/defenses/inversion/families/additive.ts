import type { TriggerFamily } from '../family.js';

/** Largest change of a pixel. */
const BOUND = 0.3;
/** Keeps the root from having no slope at zero. */
const TINY = 1e-8;

/**
 * A faint pattern over the whole image: x + d with |d| <= 0.3, kept in [0, 1], which costs the root mean square of d. SIG, LF and
 * other additive triggers; also what a universal adversarial perturbation is.
 */
export const additive: TriggerFamily = {
  name: 'additive',
  summary: 'a faint pattern added to the whole image',
  unit: 'RMS of pixels',
  weight: 10,
  rate: 0.05,
  parameters: (shape) => ({ pattern: { dims: shape, mean: 0, deviation: 0.1 } }),
  apply(builder, images, parameters) {
    const pattern = builder.mul(builder.tanh(parameters.pattern), builder.scalar(BOUND));
    const changed = builder.clip(builder.add(images, builder.unsqueeze(pattern, [1])), 0, 1);
    const power = builder.reduceMean(builder.mul(pattern, pattern), [1, 2, 3]);
    return { changed, cost: builder.sqrt(builder.add(power, builder.scalar(TINY))) };
  },
};
