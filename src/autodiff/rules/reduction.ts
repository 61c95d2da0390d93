import type { Value } from '../../onnx/builder.js';
import { intAttribute } from '../../onnx/graph.js';
import { integersOf } from '../operands.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { normaliseAxes, sameShape } from '../shapes.js';

/** Derivatives of reductions; g is the cotangent of the output y, spread back over the reduced axes. */
export const reduction: RuleTable = {
  // y = sum x: dx = g.
  ReduceSum: rule((context) => [() => expand(context, kept(context, context.cotangent))]),

  // y = sum x / n: dx = g / n.
  ReduceMean: rule((context) => [
    () => {
      const { full, reduced } = axesOf(context);
      const count = reduced.reduce((product, axis) => product * full[axis], 1);
      return expand(context, context.builder.mul(kept(context, context.cotangent), context.builder.scalar(1 / count)));
    },
  ]),

  // y = max x: g goes to the largest elements. Equal ones share it equally, as in PyTorch's amax.
  ReduceMax: rule((context) => [() => shareExtreme(context)]),
  ReduceMin: rule((context) => [() => shareExtreme(context)]),

  // y = sum |x|: dx = g sign x.
  ReduceL1: rule((context) => [() => context.builder.mul(kept(context, context.cotangent), context.builder.sign(context.inputs[0]))]),

  // y = sqrt(sum x^2): dx = g x / y. The limit keeps 0 / 0 at the origin 0, as in PyTorch.
  ReduceL2: rule((context) => [
    () => {
      const { builder, cotangent: g, inputs, outputs } = context;
      const slope = builder.div(g, builder.max(outputs[0], builder.scalar(1e-30)));
      return builder.mul(inputs[0], kept(context, slope));
    },
  ]),

  // y = sum x^2: dx = 2 g x.
  ReduceSumSquare: rule((context) => [
    () => {
      const { builder, cotangent: g, inputs } = context;
      return builder.mul(inputs[0], kept(context, builder.mul(g, builder.scalar(2))));
    },
  ]),

  // y = log sum x: dx = g / sum x = g e^-y.
  ReduceLogSum: rule((context) => [
    () => {
      const { builder, cotangent: g, outputs } = context;
      return expand(context, kept(context, builder.mul(g, builder.exp(builder.neg(outputs[0])))));
    },
  ]),

  // y = log sum e^x: dx = g e^(x - y).
  ReduceLogSumExp: rule((context) => [
    () => {
      const { builder, cotangent: g, inputs, outputs } = context;
      return builder.mul(builder.exp(builder.sub(inputs[0], kept(context, outputs[0]))), kept(context, g));
    },
  ]),
};

/** The input's shape and the axes that were reduced. No axes means all of them, unless the node says it means none. */
function axesOf(context: RuleContext): { full: readonly number[]; reduced: number[] } {
  const full = context.shapeOf(context.inputs[0]);
  const given = integersOf(context, 1, 'axes') ?? [];
  if (given.length > 0) return { full, reduced: normaliseAxes(given, full.length) };
  const none = intAttribute(context.node, 'noop_with_empty_axes', 0) !== 0;
  return { full, reduced: none ? [] : full.map((_, axis) => axis) };
}

/** A value of the output's shape with the reduced axes kept, of size 1. */
function kept(context: RuleContext, value: Value): Value {
  const { full, reduced } = axesOf(context);
  const shape = full.map((dim, axis) => (reduced.includes(axis) ? 1 : dim));
  return sameShape(shape, context.shapeOf(context.outputs[0])) ? value : context.builder.reshape(value, shape);
}

function expand({ builder, inputs: [x], shapeOf }: RuleContext, value: Value): Value {
  return builder.expand(value, shapeOf(x));
}

function shareExtreme(context: RuleContext): Value {
  const { builder, cotangent: g, inputs, outputs } = context;
  const { reduced } = axesOf(context);
  if (reduced.length === 0) return g;
  const hit = builder.cast(builder.equal(inputs[0], kept(context, outputs[0])), 'float32');
  const count = builder.reduceSum(hit, reduced, true);
  return builder.mul(hit, builder.div(kept(context, g), count));
}
