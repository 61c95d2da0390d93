import type { Value } from '../../onnx/builder.js';
import { floatAttribute, intAttribute } from '../../onnx/graph.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';

/**
 * Local response normalisation: y_c = x_c s_c^-β with s_c = k + (α/n) Σ_j x_j², over the n channels j from c - l to c + u
 * that there are. x_j stands in s_c for every c from j - u to j + l, so
 *
 *   dx_j = g_j s_j^-β - (2 α β / n) x_j Σ_c g_c x_c s_c^(-β-1),  c from j - u to j + l.
 */
export const localResponse: RuleTable = {
  LRN: rule((context) => {
    const { builder, node, cotangent: g, inputs } = context;
    const [x] = inputs;
    const size = intAttribute(node, 'size', 1);
    const [alpha, beta, bias] = [floatAttribute(node, 'alpha', 1e-4), floatAttribute(node, 'beta', 0.75), floatAttribute(node, 'bias', 1)];
    const lower = Math.floor((size - 1) / 2);
    const upper = size - 1 - lower;
    return [
      () => {
        const squares = sumOverChannels(context, builder.mul(x, x), lower, upper);
        const s = builder.add(builder.mul(squares, builder.scalar(alpha / size)), builder.scalar(bias));
        const own = builder.mul(g, builder.pow(s, builder.scalar(-beta)));
        const shared = sumOverChannels(context, builder.div(builder.mul(own, x), s), upper, lower);
        return builder.sub(own, builder.mul(builder.mul(x, shared), builder.scalar((2 * alpha * beta) / size)));
      },
    ];
  }),
};

/** For each channel, the sum over its neighbours from `before` channels below to `after` above, those that there are. */
function sumOverChannels({ builder, inputs: [x], shapeOf }: RuleContext, value: Value, before: number, after: number): Value {
  const shape = shapeOf(x);
  const channels = shape[1];
  const along = (amount: number) => shape.map((_, axis) => (axis === 1 ? amount : 0));
  const padded = builder.pad(value, [...along(before), ...along(after)]);
  const shifted = Array.from({ length: before + after + 1 }, (_, start) => builder.slice(padded, [start], [start + channels], [1]));
  return shifted.reduce((a, b) => builder.add(a, b));
}
