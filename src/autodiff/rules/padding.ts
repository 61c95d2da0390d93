import type { Value } from '../../onnx/builder.js';
import { stringAttribute } from '../../onnx/graph.js';
import { integersOf, refuse } from '../operands.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { fit, normaliseAxes } from '../shapes.js';
import { sumAlong } from '../sum-along.js';

/** Derivatives of Pad; g is the cotangent of the output. */
export const padding: RuleTable = {
  Pad: rule((context) => {
    const { node, builder, cotangent: g, inputs, shapeOf } = context;
    const mode = stringAttribute(node, 'mode', 'constant');
    if (mode !== 'constant') return [() => repeatedGradient(context, mode)];
    // y = x with margins: dx = g without them. The value in the margins gets what is left: dvalue = sum g - sum dx.
    const inner = () => innerGradient(context);
    return [inner, undefined, () => builder.reshape(builder.sub(builder.reduceSum(g), builder.reduceSum(inner())), shapeOf(inputs[2]))];
  }),
};

function innerGradient(context: RuleContext): Value {
  const { builder, cotangent: g, outputs, shapeOf } = context;
  const { before, after } = margins(context);
  return fit(
    builder,
    g,
    shapeOf(outputs[0]),
    before.map((amount) => -amount),
    after.map((amount) => -amount),
  );
}

/**
 * Along one axis of n elements, margins that repeat the image are a reading by index: y[i] = x[p(i - before)], where p brings a
 * position back into the image. Axes are independent, so each is pulled back on its own: g comes with all axes padded, and
 * loses the margins of one at a time.
 */
function repeatedGradient(context: RuleContext, mode: string): Value {
  const { builder, cotangent, inputs, outputs, shapeOf } = context;
  const { before, after } = margins(context);
  const inside = positions[mode] ?? refuse(context, `mode '${mode}'`);
  const from = shapeOf(inputs[0]);
  let shape = shapeOf(outputs[0]);
  let g = cotangent;
  for (const [axis, size] of from.entries()) {
    if (before[axis] === 0 && after[axis] === 0) continue;
    const reads = Array.from({ length: shape[axis] }, (_, i) => inside(i - before[axis], size));
    shape = shape.with(axis, size);
    g = sumAlong(builder, g, builder.integers(reads), reads.length, shape, axis);
  }
  return g;
}

/** Where in an axis of n elements a position outside of it is read, by Pad's mode. */
const positions: Readonly<Record<string, (i: number, n: number) => number>> = {
  edge: (i, n) => Math.min(Math.max(i, 0), n - 1),
  // There and back again: 0, 1, .., n - 1, n - 2, .., 1, and so on; one element alone stays where it is.
  reflect: (i, n) => {
    const period = Math.max(2 * (n - 1), 1);
    const at = ((i % period) + period) % period;
    return Math.min(at, period - at);
  },
};

/** Elements that Pad adds before and after each axis of its input. */
function margins(context: RuleContext): { before: number[]; after: number[] } {
  const { inputs, shapeOf } = context;
  const shape = shapeOf(inputs[0]);
  const pads = integersOf(context, 1, 'pads') ?? [];
  const axes = normaliseAxes(integersOf(context, 3, 'axes') ?? shape.map((_, axis) => axis), shape.length);
  const amounts = (offset: number) => shape.map((_, axis) => (axes.includes(axis) ? pads[offset + axes.indexOf(axis)] : 0));
  return { before: amounts(0), after: amounts(axes.length) };
}
