import type { Value } from '../../onnx/builder.js';
import { floatAttribute, intAttribute } from '../../onnx/graph.js';
import { refuse } from '../operands.js';
import { lazy, type Rule, type RuleContext, type RuleTable, rule } from '../rule.js';
import { normaliseAxes, sumTo } from '../shapes.js';

/**
 * y = γ x̂ + β with x̂ = (x - μ) r and r = 1/√(v + ε), where mean and variance are those of x over some axes, n elements.
 * From dμ/dx = 1/n and dv/dx = 2 (x - μ)/n, with h = γ g and means over the same axes:
 *
 *   dx = r (h - mean(h) - x̂ mean(h x̂));  dγ = Σ g x̂ and dβ = Σ g, over the axes along which γ and β are repeated.
 */
export const layerNormalization: RuleTable = {
  // Over the last axes, from `axis` on; γ and β broadcast over the ones before.
  LayerNormalization: rule((context) => {
    const { node, inputs, shapeOf, cotangentOf } = context;
    if (cotangentOf(1) || cotangentOf(2)) refuse(context, 'its mean or deviation in use');
    const rank = shapeOf(inputs[0]).length;
    const [first] = normaliseAxes([intAttribute(node, 'axis', -1)], rank);
    return contributions(context, range(first, rank), (value) => value, shapeOf(inputs[1]));
  }),

  // Over the positions of each channel of each image; γ and β have one element a channel.
  InstanceNormalization: rule((context) => {
    const { builder, inputs, shapeOf } = context;
    const [, channels, ...image] = shapeOf(inputs[0]);
    const aligned = [channels, ...image.map(() => 1)];
    return contributions(context, range(2, 2 + image.length), (value) => builder.reshape(value, aligned), aligned);
  }),
};

/**
 * @param axes over which mean and variance are taken.
 * @param align gives γ the shape `aligned`, which broadcasts against x.
 */
function contributions(
  context: RuleContext,
  axes: readonly number[],
  align: (value: Value) => Value,
  aligned: readonly number[],
): ReturnType<Rule> {
  const { builder, cotangent: g, inputs, shapeOf } = context;
  const [x, scale, shift] = inputs;
  const average = (value: Value) => builder.reduceMean(value, axes, true);
  const parts = lazy(() => {
    const centred = builder.sub(x, average(x));
    const variance = average(builder.mul(centred, centred));
    const deviation = builder.sqrt(builder.add(variance, builder.scalar(floatAttribute(context.node, 'epsilon', 1e-5))));
    return { deviation, normalised: builder.div(centred, deviation) };
  });
  const toParameter = (value: Value, parameter: Value) => builder.reshape(sumTo(builder, value, shapeOf(x), aligned), shapeOf(parameter));
  return [
    () => {
      const { deviation, normalised } = parts();
      const weighted = builder.mul(g, align(scale));
      const projected = builder.mul(normalised, average(builder.mul(weighted, normalised)));
      return builder.div(builder.sub(builder.sub(weighted, average(weighted)), projected), deviation);
    },
    () => toParameter(builder.mul(g, parts().normalised), scale),
    () => toParameter(g, shift),
  ];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
