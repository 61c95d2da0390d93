import { type RuleTable, rule } from '../rule.js';

/** Derivatives of pooling over all spatial axes of [N, C, ...]; g is the cotangent of the output y, [N, C, 1, ...]. */
export const globalPooling: RuleTable = {
  // y = sum x / n: dx = g / n.
  GlobalAveragePool: rule(({ cotangent: g, builder, inputs: [x], shapeOf }) => [
    () => {
      const count = shapeOf(x)
        .slice(2)
        .reduce((product, dim) => product * dim, 1);
      return builder.expand(builder.mul(g, builder.scalar(1 / count)), shapeOf(x));
    },
  ]),

  // y = max x: g goes to the largest elements; equal ones share it equally, as in ReduceMax.
  GlobalMaxPool: rule(({ cotangent: g, builder, inputs: [x], outputs: [y], shapeOf }) => [
    () => {
      const spatial = shapeOf(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
      const hit = builder.cast(builder.equal(x, y), 'float32');
      return builder.mul(hit, builder.div(g, builder.reduceSum(hit, spatial, true)));
    },
  ]),
};
