import { float32 } from '../../core/tensor.js';
import type { Value } from '../../onnx/builder.js';
import { type Attribute, intsAttribute, stringAttribute } from '../../onnx/graph.js';
import { refuse } from '../operands.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { normaliseAxes } from '../shapes.js';

/**
 * Resize is linear in its input and works along each axis alone, whatever the mode: y = R_h x R_wᵀ on each plane, so
 * dx = R_hᵀ g R_w. A matrix R [new, old] is what the operator itself makes of the identity along that axis.
 */
export const resizing: RuleTable = {
  Resize: rule((context) => {
    const { builder, node, cotangent: g, inputs, outputs, shapeOf } = context;
    const from = shapeOf(inputs[0]);
    const to = shapeOf(outputs[0]);
    const changed = from.flatMap((size, axis) => (size === to[axis] && !isScaled(context, axis) ? [] : [axis]));
    if (from.length !== 4 || changed.some((axis) => axis < 2)) refuse(context, 'axes other than the last two of four');
    if (stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') refuse(context, 'cropping');
    if (stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') refuse(context, 'a fixed aspect ratio');
    return [
      () => {
        let value = g;
        if (changed.includes(2)) value = builder.matmul(builder.transpose(matrix(context, 2), [1, 0]), value);
        if (changed.includes(3)) value = builder.matmul(value, matrix(context, 3));
        return value;
      },
    ];
  }),
};

/** The factor that the node states for an axis; undefined where it states sizes. */
function scaleOf(context: RuleContext, axis: number): number | undefined {
  const { node, inputs, constantOf, shapeOf } = context;
  if (!inputs[2]) return undefined;
  const scales = constantOf(inputs[2]) ?? refuse(context, 'scales that the model computes');
  if (scales.data.length === 0) return undefined;
  const position = axesOf(node, shapeOf(inputs[0]).length).indexOf(axis);
  return position < 0 ? 1 : Number(scales.data[position]);
}

function axesOf(node: RuleContext['node'], rank: number): number[] {
  return normaliseAxes(intsAttribute(node, 'axes') ?? Array.from({ length: rank }, (_, axis) => axis), rank);
}

/** A factor so near to 1 that the size stays can still move what is read. */
function isScaled(context: RuleContext, axis: number): boolean {
  return (scaleOf(context, axis) ?? 1) !== 1;
}

function matrix(context: RuleContext, axis: number): Value {
  const { builder, node, inputs, outputs, shapeOf } = context;
  const [old, now] = [shapeOf(inputs[0])[axis], shapeOf(outputs[0])[axis]];
  const identity = float32(
    [1, 1, old, old],
    Array.from({ length: old * old }, (_, i) => (i % (old + 1) === 0 ? 1 : 0)),
  );
  const kept = Object.entries(node.attributes).filter(([name]) => name !== 'axes' && name !== 'keep_aspect_ratio_policy');
  const attributes: Record<string, Attribute> = Object.fromEntries(kept);
  const scale = scaleOf(context, axis);
  const amounts = scale === undefined ? ['', builder.integers([1, 1, now, old])] : [builder.constant(float32([4], [1, 1, scale, 1]))];
  const [resized] = builder.op('Resize', [builder.constant(identity), '', ...amounts], attributes);
  return builder.reshape(resized, [now, old]);
}
