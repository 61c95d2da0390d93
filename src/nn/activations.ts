import { float } from '../onnx/builder.js';
import type { Activation } from './layers.js';

/** max(x, 0). */
export const relu: Activation = (builder, x) => builder.relu(x);

/** x limited to [0, 6]. */
export const relu6: Activation = (builder, x) => builder.clip(x, 0, 6);

export const sigmoid: Activation = (builder, x) => builder.sigmoid(x);

/** x sigmoid(x). */
export const silu: Activation = (builder, x) => builder.mul(x, builder.sigmoid(x));

/** x/6 + 1/2 limited to [0, 1]. */
export const hardSigmoid: Activation = (builder, x) => builder.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) })[0];

/** x times its hard sigmoid. */
export const hardSwish: Activation = (builder, x) => builder.op('HardSwish', [x])[0];

/** x Φ(x) with the distribution function Φ of the normal distribution: x (1 + erf(x/√2))/2. */
export const gelu: Activation = (builder, x) => {
  const [erf] = builder.op('Erf', [builder.mul(x, builder.scalar(Math.SQRT1_2))]);
  return builder.mul(builder.mul(x, builder.add(erf, builder.scalar(1))), builder.scalar(0.5));
};
