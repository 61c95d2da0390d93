import type { Value } from '../../onnx/builder.js';
import { floatAttribute } from '../../onnx/graph.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';

/** Derivatives of activation functions that change their formula at some points; g is the cotangent of the output y. */
export const piecewise: RuleTable = {
  // y = x for x > 0, a (e^x - 1) elsewhere: dy/dx = 1 or a e^x = y + a.
  Elu: rule((context) => [() => fromZero(context, 1, (y) => plus(context, y, alpha(context, 1)))]),

  // As Elu, times gamma: dy/dx = gamma or gamma a e^x = y + gamma a.
  Selu: rule((context) => {
    const gamma = floatAttribute(context.node, 'gamma', 1.0507009873554805);
    return [() => fromZero(context, gamma, (y) => plus(context, y, gamma * alpha(context, 1.6732632423543772)))];
  }),

  // y = x for x > 0, a (e^(x/a) - 1) elsewhere: dy/dx = 1 or e^(x/a) = y/a + 1.
  Celu: rule((context) => [() => fromZero(context, 1, (y) => plus(context, times(context, y, 1 / alpha(context, 1)), 1))]),

  // y = x for x > a, 0 elsewhere: dx = g [x > a].
  ThresholdedRelu: rule((context) => {
    const { builder, cotangent: g, inputs } = context;
    return [() => builder.mul(g, builder.cast(builder.greater(inputs[0], builder.scalar(alpha(context, 1))), 'float32'))];
  }),

  // y = a x + b, limited to [0, 1]: dx = a g strictly between the limits.
  HardSigmoid: rule((context) => {
    const {
      builder,
      cotangent: g,
      outputs: [y],
    } = context;
    const within = () =>
      builder.cast(builder.op('And', [builder.greater(y, builder.scalar(0)), builder.less(y, builder.scalar(1))])[0], 'float32');
    return [() => builder.mul(g, times(context, within(), alpha(context, 0.2)))];
  }),

  // y = x h(x) with h = x/6 + 1/2 limited to [0, 1]: dy/dx = h + x h', and h' = 1/6 where |x| < 3.
  HardSwish: rule((context) => {
    const {
      builder,
      cotangent: g,
      inputs: [x],
    } = context;
    return [
      () => {
        const gate = builder.clip(plus(context, times(context, x, 1 / 6), 0.5), 0, 1);
        const within = builder.cast(builder.less(builder.abs(x), builder.scalar(3)), 'float32');
        return builder.mul(g, builder.add(gate, times(context, builder.mul(x, within), 1 / 6)));
      },
    ];
  }),
};

function alpha({ node }: RuleContext, fallback: number): number {
  return floatAttribute(node, 'alpha', fallback);
}

const plus = ({ builder }: RuleContext, value: Value, amount: number) => builder.add(value, builder.scalar(amount));
const times = ({ builder }: RuleContext, value: Value, factor: number) => builder.mul(value, builder.scalar(factor));

/** g times one slope where x > 0, and times another, a function of y, elsewhere. */
function fromZero(context: RuleContext, above: number, below: (y: Value) => Value): Value {
  const { builder, cotangent: g, inputs, outputs } = context;
  const positive = builder.cast(builder.greater(inputs[0], builder.scalar(0)), 'float32');
  const negative = builder.sub(builder.scalar(1), positive);
  return builder.mul(g, builder.add(times(context, positive, above), builder.mul(negative, below(outputs[0]))));
}
