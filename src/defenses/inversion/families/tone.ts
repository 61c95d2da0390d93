import { float32 } from '../../../core/tensor.js';
import type { TriggerFamily } from '../family.js';

/** Points of a curve, evenly spaced over [0, 1]. */
const KNOTS = 33;
/** Largest change of a pixel. */
const BOUND = 0.3;
const TINY = 1e-8;

/**
 * A change of tones: every pixel v of a channel becomes v + c(v), with one curve a channel for all positions and all images, piecewise
 * linear between 33 points, |c| <= 0.3; it costs the root mean square of the curves. Fewer colours (BPP), other contrast, a cast.
 *
 * c(v) = Σ_k θ_k h(32 v - k) with the hat h(t) = max(0, 1 - |t|): pixels by points is one matrix, which all classes share.
 */
export const tone: TriggerFamily = {
  name: 'tone',
  summary: 'a change of tones',
  unit: 'RMS',
  weight: 10,
  rate: 0.05,
  parameters: ([channels]) => ({ curve: { dims: [channels, KNOTS], mean: 0, deviation: 0.1 } }),
  apply(builder, images, parameters, [channels, height, width]) {
    const curve = builder.mul(builder.tanh(parameters.curve), builder.scalar(BOUND));
    const knots = builder.constant(
      float32(
        [KNOTS],
        Float32Array.from({ length: KNOTS }, (_, k) => k),
      ),
    );
    const byChannel = builder.reshape(builder.transpose(images, [0, 2, 1, 3, 4]), [1, channels, -1, 1]);
    const distances = builder.abs(builder.sub(builder.mul(byChannel, builder.scalar(KNOTS - 1)), knots));
    const hats = builder.relu(builder.sub(builder.scalar(1), distances));
    const change = builder.matmul(hats, builder.unsqueeze(curve, [3]));
    const byImage = builder.transpose(builder.reshape(change, [0, channels, -1, height, width]), [0, 2, 1, 3, 4]);
    const power = builder.reduceMean(builder.mul(curve, curve), [1, 2]);
    return { changed: builder.clip(builder.add(images, byImage), 0, 1), cost: builder.sqrt(builder.add(power, builder.scalar(TINY))) };
  },
};
