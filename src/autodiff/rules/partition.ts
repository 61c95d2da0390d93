import { zeros } from '../../core/tensor.js';
import { intAttribute, stringAttribute } from '../../onnx/graph.js';
import { integersOf, refuse } from '../operands.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { fit, normaliseAxes } from '../shapes.js';
import { sliceGradient } from './slice.js';

/** Derivatives of operators that join, cut and pad; g is the cotangent of the output. */
export const partition: RuleTable = {
  // Every input gets its own part of g.
  Concat: rule(({ cotangent: g, builder, node, inputs, shapeOf }) => {
    const rank = shapeOf(inputs[0]).length;
    const [axis] = normaliseAxes([intAttribute(node, 'axis', 0)], rank);
    let end = 0;
    return inputs.map((input) => {
      const start = end;
      end += shapeOf(input)[axis];
      const stop = end;
      return () => builder.slice(g, [start], [stop], [axis]);
    });
  }),

  // The cotangents of the parts, joined; zero where a part is not used.
  Split: rule(({ cotangentOf, builder, node, outputs, shapeOf }) => [
    () =>
      builder.concat(
        outputs.map((part, i) => cotangentOf(i) ?? builder.constant(zeros('float32', shapeOf(part)))),
        intAttribute(node, 'axis', 0),
      ),
  ]),

  Slice: rule((context) => [() => sliceGradient(context)]),

  // y = x with margins: dx = g without them. The value in the margins gets what is left: dvalue = sum g - sum dx.
  Pad: rule((context) => {
    const { builder, cotangent: g, inputs, outputs, shapeOf } = context;
    const { before, after } = margins(context);
    const inner = () =>
      fit(
        builder,
        g,
        shapeOf(outputs[0]),
        before.map((amount) => -amount),
        after.map((amount) => -amount),
      );
    return [inner, undefined, () => builder.reshape(builder.sub(builder.reduceSum(g), builder.reduceSum(inner())), shapeOf(inputs[2]))];
  }),
};

/** Elements that Pad adds before and after each axis of its input. */
function margins(context: RuleContext): { before: number[]; after: number[] } {
  const { node, inputs, shapeOf } = context;
  const mode = stringAttribute(node, 'mode', 'constant');
  if (mode !== 'constant') refuse(context, `mode '${mode}'`);
  const shape = shapeOf(inputs[0]);
  const pads = integersOf(context, 1, 'pads') ?? [];
  const axes = normaliseAxes(integersOf(context, 3, 'axes') ?? shape.map((_, axis) => axis), shape.length);
  const amounts = (offset: number) => shape.map((_, axis) => (axes.includes(axis) ? pads[offset + axes.indexOf(axis)] : 0));
  return { before: amounts(0), after: amounts(axes.length) };
}
