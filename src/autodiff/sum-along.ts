import { sizeOf, zeros } from '../core/tensor.js';
import type { GraphBuilder, Value } from '../onnx/builder.js';
import { normaliseAxes } from './shapes.js';

/**
 * Pulls back the reading of y[.., i, ..] = x[.., indices[i], ..]: what was read from one place is summed there.
 * With axes before and after the indexed one folded, x is [before, size, after] and y [before, reads, after].
 *
 * @param g cotangent of y.
 * @param indices whole numbers of any shape, `reads` in all.
 * @param shape of x.
 * @param axis of x that was indexed; negative counts from the end.
 * @returns the cotangent of x.
 */
export function sumAlong(builder: GraphBuilder, g: Value, indices: Value, reads: number, shape: readonly number[], axis: number): Value {
  const [at] = normaliseAxes([axis], shape.length);
  const [before, after] = [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at + 1))];
  const positions = builder.expand(builder.reshape(indices, [1, reads, 1]), [before, reads, after]);
  const empty = builder.constant(zeros('float32', [before, shape[at], after]));
  return builder.reshape(builder.scatterElements(empty, positions, builder.reshape(g, [before, reads, after]), 1, 'add'), shape);
}
