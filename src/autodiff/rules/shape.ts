import { UserError } from '../../core/errors.js';
import type { DataType } from '../../core/tensor.js';
import { describeNode, intsAttribute } from '../../onnx/graph.js';
import { type Rule, type RuleTable, rule } from '../rule.js';
import { sumTo } from '../shapes.js';

// The same elements in another shape: the cotangent goes back into the old one.
const reshaped: Rule = ({ cotangent: g, builder, inputs: [x], shapeOf }) => [() => builder.reshape(g, shapeOf(x))];

const same: Rule = ({ cotangent: g }) => [() => g];

/** Derivatives of operators that move, repeat or convert elements; g is the cotangent of the output. */
export const shape: RuleTable = {
  Reshape: rule(reshaped),
  Flatten: rule(reshaped),
  Squeeze: rule(reshaped),
  Unsqueeze: rule(reshaped),
  Identity: rule(same),

  // In inference Dropout is the identity. In training its gradient needs the mask that was drawn.
  Dropout: rule((context) => {
    const { node, inputs, constantOf } = context;
    const training = constantOf(inputs[2]);
    if (inputs[2] && Number(training?.data[0] ?? 1) !== 0)
      throw new UserError(`${describeNode(node)}: dropout in training mode cannot be differentiated; export the model for inference`);
    return same(context);
  }),

  // y = x with its axes permuted: dx = g with the inverse permutation.
  Transpose: rule(({ cotangent: g, builder, node, inputs: [x], shapeOf }) => {
    const axes = shapeOf(x).map((_, axis) => axis);
    const permutation = intsAttribute(node, 'perm') ?? axes.toReversed();
    return [
      () =>
        builder.transpose(
          g,
          axes.map((axis) => permutation.indexOf(axis)),
        ),
    ];
  }),

  // Every copy passes its cotangent back to the one original.
  Expand: rule(({ cotangent: g, builder, inputs: [x], outputs: [y], shapeOf }) => [() => sumTo(builder, g, shapeOf(y), shapeOf(x))]),

  // As Expand, but copies of an axis of size d follow one another: [r d] is [r, d], summed over r.
  Tile: rule(({ cotangent: g, builder, inputs: [x], outputs: [y], shapeOf }) => [
    () => {
      const split = shapeOf(x).flatMap((dim, axis) => [shapeOf(y)[axis] / dim, dim]);
      return builder.reduceSum(
        builder.reshape(g, split),
        shapeOf(x).map((_, axis) => 2 * axis),
      );
    },
  ]),

  // Between types of real numbers a conversion is the identity; from whole numbers nothing can flow back.
  Cast: rule(({ cotangent: g, builder, inputs: [x], typeOf }) => (real.has(typeOf(x)) ? [() => builder.cast(g, typeOf(x))] : [])),
};

const real: ReadonlySet<DataType> = new Set<DataType>(['float32', 'float64', 'float16']);
