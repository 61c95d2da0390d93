import type { GraphBuilder, Value } from '../../onnx/builder.js';
import { integersOf } from '../operands.js';
import type { RuleContext } from '../rule.js';
import { fit, normaliseAxes } from '../shapes.js';

/** How a slice runs along one axis. */
interface Cut {
  readonly axis: number;
  /** Lowest index that is read. */
  readonly lowest: number;
  readonly step: number;
}

/**
 * y[i] = x[start + step i] along each axis: dx[start + step i] = g[i], and zero in between. So g is turned round where
 * the step is negative, gets |step| - 1 zeros behind each element, and is padded to x's size.
 */
export function sliceGradient(context: RuleContext): Value {
  const { builder, cotangent: g, inputs, outputs, shapeOf } = context;
  const full = shapeOf(inputs[0]);
  const cuts = cutsOf(context);
  let value = reverse(
    builder,
    g,
    cuts.filter(({ step }) => step < 0).map(({ axis }) => axis),
  );
  let shape = shapeOf(outputs[0]);
  for (const { axis, step } of cuts) {
    if (Math.abs(step) === 1) continue;
    value = dilate(builder, value, shape, axis, Math.abs(step));
    shape = shape.with(axis, shape[axis] * Math.abs(step));
  }
  const before = full.map((_, axis) => cuts.find((cut) => cut.axis === axis)?.lowest ?? 0);
  const after = full.map((dim, axis) => dim - shape[axis] - before[axis]);
  return fit(builder, value, shape, before, after);
}

function cutsOf(context: RuleContext): Cut[] {
  const { inputs, outputs, shapeOf } = context;
  const full = shapeOf(inputs[0]);
  const starts = integersOf(context, 1, 'starts') ?? [];
  const axes = normaliseAxes(integersOf(context, 3, 'axes') ?? starts.map((_, axis) => axis), full.length);
  const steps = integersOf(context, 4, 'steps') ?? axes.map(() => 1);
  return axes.map((axis, i) => {
    const size = full[axis];
    const step = steps[i];
    const start = Math.min(starts[i] < 0 ? Math.max(0, starts[i] + size) : starts[i], step < 0 ? size - 1 : size);
    const count = shapeOf(outputs[0])[axis];
    return { axis, step, lowest: step < 0 ? start + step * (count - 1) : start };
  });
}

function reverse(builder: GraphBuilder, value: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return value;
  const each = (number: number) => axes.map(() => number);
  // The end of a backward slice must lie below any index, however it is counted.
  return builder.slice(value, each(-1), each(-(2 ** 31)), axes, each(-1));
}

/** Puts `factor` - 1 zeros behind each element along an axis: [.., d, ..] is padded as [.., d, 1, ..] and flattened. */
function dilate(builder: GraphBuilder, value: Value, shape: readonly number[], axis: number, factor: number): Value {
  const split = shape.toSpliced(axis + 1, 0, 1);
  const pads = [...split.map(() => 0), ...split.map((_, i) => (i === axis + 1 ? factor - 1 : 0))];
  return builder.reshape(builder.pad(builder.reshape(value, split), pads), shape.with(axis, shape[axis] * factor));
}
