import type { Optimizer } from './optimizer.js';

export interface AdamOptions {
  /** Decay of the running mean and of the running mean square of the gradient. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** L2 penalty added to the gradient (not decoupled). Default 0. */
  readonly weightDecay?: number;
}

/**
 * Adam (Kingma and Ba, ICLR 2015) as PyTorch defines it: m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²;
 * w ← w - η (m / (1-β₁ᵗ)) / (√(v / (1-β₂ᵗ)) + ε).
 */
export function adam({ betas: [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8, weightDecay = 0 }: AdamOptions = {}): Optimizer {
  return {
    name: 'adam',
    slots: ['mean', 'square'],
    update({ builder, parameter, gradient, state: [mean, square], learningRate, step }) {
      const scaled = (value: string, factor: number) => builder.mul(value, builder.scalar(factor));
      const bias = (beta: number) => builder.sub(builder.scalar(1), builder.pow(builder.scalar(beta), step));
      const g = weightDecay === 0 ? gradient : builder.add(gradient, scaled(parameter, weightDecay));
      const m = builder.add(scaled(mean, beta1), scaled(g, 1 - beta1));
      const v = builder.add(scaled(square, beta2), scaled(builder.mul(g, g), 1 - beta2));
      const rate = builder.div(learningRate, bias(beta1));
      const scale = builder.add(builder.sqrt(builder.div(v, bias(beta2))), builder.scalar(epsilon));
      return { parameter: builder.sub(parameter, builder.div(builder.mul(m, rate), scale)), state: [m, v] };
    },
  };
}
