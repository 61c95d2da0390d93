import type { GraphBuilder, Value } from '../onnx/builder.js';

/**
 * Undoes broadcasting: sums a value of shape `from` over the axes along which `to` was repeated to reach it.
 * The derivative of repeating is summing, because every copy passes its cotangent back to the one original.
 */
export function sumTo(builder: GraphBuilder, value: Value, from: readonly number[], to: readonly number[]): Value {
  const missing = from.length - to.length;
  const leading = from.slice(0, missing).map((_, axis) => axis);
  const stretched = to.flatMap((dim, axis) => (dim === 1 && from[axis + missing] !== 1 ? [axis + missing] : []));
  if (leading.length + stretched.length === 0) return value;
  const summed = builder.reduceSum(value, [...leading, ...stretched], true);
  return leading.length === 0 ? summed : builder.reshape(summed, to);
}

/**
 * Fits a value into another shape: `before` and `after` zeros are added to each axis, or elements cropped where negative.
 */
export function fit(
  builder: GraphBuilder,
  value: Value,
  from: readonly number[],
  before: readonly number[],
  after: readonly number[],
): Value {
  const cropped = from.flatMap((_, axis) => (before[axis] < 0 || after[axis] < 0 ? [axis] : []));
  const crop = (axis: number) => [Math.max(0, -before[axis]), from[axis] - Math.max(0, -after[axis])];
  const inner =
    cropped.length === 0
      ? value
      : builder.slice(
          value,
          cropped.map((axis) => crop(axis)[0]),
          cropped.map((axis) => crop(axis)[1]),
          cropped,
        );
  return builder.pad(
    inner,
    [...before, ...after].map((amount) => Math.max(0, amount)),
  );
}

/** Axes as non-negative numbers. */
export function normaliseAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => (axis < 0 ? axis + rank : axis));
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
