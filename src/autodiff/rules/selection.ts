import type { Value } from '../../onnx/builder.js';
import { broadcasting, lazy, type Rule, type RuleContext, type RuleTable } from '../rule.js';

/** A truth value as 1 or 0. A product with it is faster than Where on the CPU. */
function indicator({ builder }: RuleContext, condition: Value): Value {
  return builder.cast(condition, 'float32');
}

// y is the largest (or smallest) of x_1 ... x_k: g goes to the inputs that equal y. Where k of them do, each gets g / k,
// as PyTorch's maximum shares it.
const extreme: Rule = (context) => {
  const { builder, cotangent: g, inputs, outputs } = context;
  if (inputs.length === 1) return [() => g];
  const hits = inputs.map((input) => lazy(() => indicator(context, builder.equal(input, outputs[0]))));
  const share = lazy(() =>
    builder.div(
      g,
      hits.map((hit) => hit()).reduce((a, b) => builder.add(a, b)),
    ),
  );
  return hits.map((hit) => () => builder.mul(share(), hit()));
};

/** Derivatives of operators that choose between their inputs; g is the cotangent of the output y. */
export const selection: RuleTable = {
  Max: broadcasting(extreme),
  Min: broadcasting(extreme),

  // y = min(max(x, low), high): dx = g where y = x, which includes the bounds, as in PyTorch.
  // dlow = g [x < low]; dhigh = g [x > high].
  Clip: broadcasting((context) => {
    const { builder, cotangent: g, inputs, outputs } = context;
    const [x, low, high] = inputs;
    const masked = (condition: Value) => builder.mul(g, indicator(context, condition));
    return [() => masked(builder.equal(x, outputs[0])), () => masked(builder.less(x, low)), () => masked(builder.greater(x, high))];
  }),

  // y = a where c, b elsewhere: da = g [c]; db = g [not c].
  Where: broadcasting((context) => {
    const { builder, cotangent: g, inputs } = context;
    const [condition] = inputs;
    return [
      undefined,
      () => builder.mul(g, indicator(context, condition)),
      () => builder.mul(g, indicator(context, builder.op('Not', [condition])[0])),
    ];
  }),
};
