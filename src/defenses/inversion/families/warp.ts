import { float32 } from '../../../core/tensor.js';
import { type GraphBuilder, string, type Value } from '../../../onnx/builder.js';
import { cubicInterpolation } from '../cubic.js';
import type { TriggerFamily } from '../family.js';

/** Points of the coarse field along each side. */
const POINTS = 5;
/** Farthest that a pixel may come from, in pixels along each axis; a whole number. */
const BOUND = 2;
const TINY = 1e-6;

/**
 * A smooth warp: every pixel is fetched, with bilinear interpolation, from a place nearby that a coarse field of 5 x 5 points
 * says, at most 2 pixels away along each axis. It costs the root mean square of the displacement. WaNet.
 *
 * Bilinear interpolation at a displacement (u, v) is Σ h(u - k) h(v - l) x[i + k, j + l] over whole k, l with the hat
 * h(t) = max(0, 1 - |t|); as displacements are bounded, so are k and l, and the shifted images need no gradient.
 */
export const warp: TriggerFamily = {
  name: 'warp',
  summary: 'a smooth warp',
  unit: 'pixels of displacement',
  weight: 1,
  rate: 0.1,
  parameters: () => ({ field: { dims: [2, POINTS, POINTS], mean: 0, deviation: 0.2 } }),
  apply(builder, images, parameters, [, height, width]) {
    const rows = builder.constant(float32([height, POINTS], cubicInterpolation(POINTS, height)));
    const columns = builder.transpose(builder.constant(float32([width, POINTS], cubicInterpolation(POINTS, width))), [1, 0]);
    const smooth = builder.matmul(rows, builder.matmul(parameters.field, columns));
    const field = builder.mul(builder.tanh(smooth), builder.scalar(BOUND));
    const part = (axis: number) => builder.unsqueeze(builder.slice(field, [axis], [axis + 1], [1]), [1]);
    const [down, right] = [part(0), part(1)];
    const padded = builder.op('Pad', [images, builder.integers([0, 0, 0, BOUND, BOUND, 0, 0, 0, BOUND, BOUND])], {
      mode: string('edge'),
    })[0];
    const lines = shifts.map((k) => {
      const line = shifts.map((l) => {
        const shifted = builder.slice(padded, [BOUND + k, BOUND + l], [BOUND + k + height, BOUND + l + width], [3, 4]);
        return builder.mul(hat(builder, right, l), shifted);
      });
      return builder.mul(hat(builder, down, k), sum(builder, line));
    });
    const power = builder.reduceMean(builder.reduceSum(builder.mul(field, field), [1]), [1, 2]);
    return { changed: sum(builder, lines), cost: builder.sqrt(builder.add(power, builder.scalar(TINY))) };
  },
};

const shifts = Array.from({ length: 2 * BOUND + 1 }, (_, i) => i - BOUND);

/** max(0, 1 - |t - k|). */
function hat(builder: GraphBuilder, t: Value, k: number): Value {
  return builder.relu(builder.sub(builder.scalar(1), builder.abs(builder.sub(t, builder.scalar(k)))));
}

function sum(builder: GraphBuilder, values: readonly Value[]): Value {
  return values.reduce((a, b) => builder.add(a, b));
}
