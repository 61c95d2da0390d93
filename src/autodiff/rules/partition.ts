import { zeros } from '../../core/tensor.js';
import { intAttribute } from '../../onnx/graph.js';
import { type RuleTable, rule } from '../rule.js';
import { normaliseAxes } from '../shapes.js';
import { sliceGradient } from './slice.js';

/** Derivatives of operators that join and cut; g is the cotangent of the output. */
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
};
