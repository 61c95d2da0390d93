import type { Value } from '../../onnx/builder.js';
import { floatAttribute, intAttribute } from '../../onnx/graph.js';
import { lazy, type RuleContext, type RuleTable, rule } from '../rule.js';

/**
 * y = γ (x - μ) r + β with r = 1/√(v + ε), per channel. Sums run over images and positions, m of them a channel;
 * G = Σ g and P = Σ g (x - μ) = Σ g x - μ G are all that the derivatives need of g.
 */
export const batchNormalization: RuleTable = {
  BatchNormalization: rule((context) => (intAttribute(context.node, 'training_mode', 0) ? training(context) : inference(context))),
};

/** Stored statistics are inputs like any other: dx = γ r g; dγ = r P; dβ = G; dμ = -γ r G; dv = -½ γ r³ P. */
function inference(context: RuleContext): ReturnType<(typeof batchNormalization)[string]['rule']> {
  const { builder, inputs, cotangent: g } = context;
  const [x, scale, , mean, variance] = inputs;
  const r = lazy(() => inverseDeviation(context, variance));
  const slope = lazy(() => builder.mul(scale, r()));
  const sum = lazy(() => sumPerChannel(context, g));
  const product = lazy(() => builder.sub(sumPerChannel(context, builder.mul(g, x)), builder.mul(mean, sum())));
  return [
    () => builder.mul(g, perChannel(context, slope())),
    () => builder.mul(r(), product()),
    () => sum(),
    () => builder.neg(builder.mul(slope(), sum())),
    () => builder.mul(builder.scalar(-0.5), builder.mul(builder.mul(slope(), builder.mul(r(), r())), product())),
  ];
}

/**
 * Batch statistics are functions of x. With x̂ = (x - μ) r, from dμ/dx = 1/m and dv/dx = 2 (x - μ)/m:
 *
 *   dx = γ r (g - G/m - x̂ Σ g x̂ / m) = a g + b x + c,   a = γ r,  b = -a r² P/m,  c = -a G/m - b μ,
 *
 * two multiplications and two additions an element with coefficients per channel. dγ = r P; dβ = G.
 *
 * The node's other outputs are q·old + (1 - q)·batch statistic, at momentum q. Their cotangents M and V, times (1 - q),
 * add 2 V/m to b and M/m - 2 μ V/m to c. So the statistics can be read off the node where q = 0 instead of being computed
 * again, and what uses them can still be differentiated.
 */
function training(context: RuleContext): ReturnType<(typeof batchNormalization)[string]['rule']> {
  const { builder, inputs, cotangent: g, cotangentOf, shapeOf, node } = context;
  const [x, scale] = inputs;
  const shape = shapeOf(x);
  const share = builder.scalar(shape[1] / shape.reduce((product, dim) => product * dim, 1));
  const kept = floatAttribute(node, 'momentum', 0.9);
  const { mean, variance } = batchStatistics(context, kept);
  const r = lazy(() => inverseDeviation(context, variance));
  const sum = lazy(() => sumPerChannel(context, g));
  const product = lazy(() => builder.sub(sumPerChannel(context, builder.mul(g, x)), builder.mul(mean, sum())));
  const scaled = (output: number, factor: number) => {
    const cotangent = cotangentOf(output);
    return cotangent && builder.mul(cotangent, builder.scalar(factor));
  };
  return [
    () => {
      const a = builder.mul(scale, r());
      let b = builder.neg(builder.mul(builder.mul(a, builder.mul(r(), r())), builder.mul(product(), share)));
      const viaVariance = scaled(2, 2 * (1 - kept));
      if (viaVariance) b = builder.add(b, builder.mul(viaVariance, share));
      let c = builder.neg(builder.add(builder.mul(builder.mul(a, sum()), share), builder.mul(b, mean)));
      const viaMean = scaled(1, 1 - kept);
      if (viaMean) c = builder.add(c, builder.mul(viaMean, share));
      const weighted = builder.add(builder.mul(g, perChannel(context, a)), builder.mul(x, perChannel(context, b)));
      return builder.add(weighted, perChannel(context, c));
    },
    () => builder.mul(r(), product()),
    () => sum(),
    ...[1, 2].map((output) => (cotangentOf(output) && kept !== 0 ? () => scaled(output, kept) as Value : undefined)),
  ];
}

/** The batch's mean and biased variance: the node's own outputs at momentum 0, computed from x otherwise. */
function batchStatistics({ builder, inputs: [x], outputs, shapeOf }: RuleContext, kept: number): { mean: Value; variance: Value } {
  if (kept === 0 && outputs[1] && outputs[2]) return { mean: outputs[1], variance: outputs[2] };
  const axes = otherAxes(shapeOf(x));
  const mean = builder.reduceMean(x, axes);
  const centred = builder.sub(x, builder.reshape(mean, channelShape(shapeOf(x))));
  return { mean, variance: builder.reduceMean(builder.mul(centred, centred), axes) };
}

function inverseDeviation({ builder, node }: RuleContext, variance: Value): Value {
  const epsilon = builder.scalar(floatAttribute(node, 'epsilon', 1e-5));
  return builder.div(builder.scalar(1), builder.sqrt(builder.add(variance, epsilon)));
}

function sumPerChannel({ builder, inputs: [x], shapeOf }: RuleContext, value: Value): Value {
  return builder.reduceSum(value, otherAxes(shapeOf(x)));
}

function perChannel({ builder, inputs: [x], shapeOf }: RuleContext, value: Value): Value {
  return builder.reshape(value, channelShape(shapeOf(x)));
}

function otherAxes(shape: readonly number[]): number[] {
  return shape.map((_, axis) => axis).filter((axis) => axis !== 1);
}

function channelShape(shape: readonly number[]): number[] {
  return shape.slice(1).map((dim, axis) => (axis === 0 ? dim : 1));
}
