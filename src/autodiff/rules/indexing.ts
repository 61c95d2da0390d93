import { sizeOf, zeros } from '../../core/tensor.js';
import type { Value } from '../../onnx/builder.js';
import { intAttribute, stringAttribute } from '../../onnx/graph.js';
import { refuse } from '../operands.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { normaliseAxes } from '../shapes.js';

/** Derivatives of operators that read or write by index; g is the cotangent of the output. */
export const indexing: RuleTable = {
  // y[.., i, ..] = x[.., index[i], ..]: what was read from one place is summed there.
  Gather: rule((context) => [() => gatherGradient(context)]),

  // As Gather, with an index for every element.
  GatherElements: rule(({ cotangent: g, builder, node, inputs: [x, indices], shapeOf }) => [
    () => builder.scatterElements(builder.constant(zeros('float32', shapeOf(x))), indices, g, intAttribute(node, 'axis', 0), 'add'),
  ]),

  // Updates are read back from where they were written. The data gets g, except where an update took its place; with
  // several updates of one place, which wins is not defined, and neither is the gradient.
  ScatterElements: rule((context) => {
    const { cotangent: g, builder, node, inputs, shapeOf } = context;
    const [, indices, updates] = inputs;
    const axis = intAttribute(node, 'axis', 0);
    const reduction = stringAttribute(node, 'reduction', 'none');
    if (reduction !== 'none' && reduction !== 'add') refuse(context, `reduction '${reduction}'`);
    return [
      () => (reduction === 'add' ? g : builder.scatterElements(g, indices, builder.constant(zeros('float32', shapeOf(updates))), axis)),
      undefined,
      () => builder.gatherElements(g, indices, axis),
    ];
  }),
};

/** With axes before and after the indexed one folded, x is [before, size, after] and y [before, reads, after]. */
function gatherGradient({ cotangent: g, builder, node, inputs: [x, indices], shapeOf }: RuleContext): Value {
  const shape = shapeOf(x);
  const [axis] = normaliseAxes([intAttribute(node, 'axis', 0)], shape.length);
  const [before, after] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
  const reads = sizeOf(shapeOf(indices));
  const positions = builder.expand(builder.reshape(indices, [1, reads, 1]), [before, reads, after]);
  const empty = builder.constant(zeros('float32', [before, shape[axis], after]));
  return builder.reshape(builder.scatterElements(empty, positions, builder.reshape(g, [before, reads, after]), 1, 'add'), shape);
}
