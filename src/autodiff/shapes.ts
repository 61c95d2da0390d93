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

/** Undoes a reduction: gives a reduced value back the axes it lost, as axes of size 1. */
export function keepReduced(builder: GraphBuilder, value: Value, full: readonly number[], axes: readonly number[]): Value {
  const reduced = normaliseAxes(axes, full.length);
  return builder.reshape(
    value,
    full.map((dim, axis) => (reduced.includes(axis) ? 1 : dim)),
  );
}

/** Axes as non-negative numbers. */
export function normaliseAxes(axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => (axis < 0 ? axis + rank : axis));
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
