import { sizeOf, zeros } from '../../core/tensor.js';
import { intAttribute, stringAttribute } from '../../onnx/graph.js';
import { refuse } from '../operands.js';
import { type RuleTable, rule } from '../rule.js';
import { sumAlong } from '../sum-along.js';

/** Derivatives of operators that read or write by index; g is the cotangent of the output. */
export const indexing: RuleTable = {
  // y[.., i, ..] = x[.., index[i], ..]: what was read from one place is summed there.
  Gather: rule(({ cotangent: g, builder, node, inputs: [x, indices], shapeOf }) => [
    () => sumAlong(builder, g, indices, sizeOf(shapeOf(indices)), shapeOf(x), intAttribute(node, 'axis', 0)),
  ]),

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
