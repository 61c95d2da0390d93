import type { Optimizer } from './optimizer.js';

export interface SgdOptions {
  /** Default 0.9. */
  readonly momentum?: number;
  /** Look ahead along the momentum (Nesterov). Default false. */
  readonly nesterov?: boolean;
  /** L2 penalty added to the gradient of every parameter. Default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent as PyTorch defines it: g ← g + λw; v ← μv + g; w ← w - η v, or w ← w - η (g + μv) with
 * Nesterov's correction.
 */
export function sgd({ momentum = 0.9, nesterov = false, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  return {
    name: 'sgd',
    slots: momentum === 0 ? [] : ['momentum'],
    update({ builder, parameter, gradient, state: [velocity], learningRate }) {
      const scaled = (value: string, factor: number) => builder.mul(value, builder.scalar(factor));
      const g = weightDecay === 0 ? gradient : builder.add(gradient, scaled(parameter, weightDecay));
      if (velocity === undefined) return { parameter: builder.sub(parameter, builder.mul(g, learningRate)), state: [] };
      const next = builder.add(scaled(velocity, momentum), g);
      const direction = nesterov ? builder.add(g, scaled(next, momentum)) : next;
      return { parameter: builder.sub(parameter, builder.mul(direction, learningRate)), state: [next] };
    },
  };
}
