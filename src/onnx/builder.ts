import type { DataType } from '../core/tensor.js';
import { float, int, ints, string, type Window, windowAttributes } from './attributes.js';
import { dataTypeCode } from './data-types.js';
import { GraphDraft, type Value } from './draft.js';
import type { Attribute } from './graph.js';

export type { Value };
export { float, int, ints, string, type Window };

/** Builds a graph operation by operation. Methods are named after ONNX operators and return the names of what they produce. */
export class GraphBuilder extends GraphDraft {
  #one(opType: string, inputs: readonly Value[], attributes?: Record<string, Attribute>, label?: string): Value {
    return this.op(opType, inputs, attributes, 1, label)[0];
  }

  add(a: Value, b: Value): Value {
    return this.#one('Add', [a, b]);
  }
  sub(a: Value, b: Value): Value {
    return this.#one('Sub', [a, b]);
  }
  mul(a: Value, b: Value): Value {
    return this.#one('Mul', [a, b]);
  }
  div(a: Value, b: Value): Value {
    return this.#one('Div', [a, b]);
  }
  pow(a: Value, b: Value): Value {
    return this.#one('Pow', [a, b]);
  }
  neg(x: Value): Value {
    return this.#one('Neg', [x]);
  }
  sqrt(x: Value): Value {
    return this.#one('Sqrt', [x]);
  }
  exp(x: Value): Value {
    return this.#one('Exp', [x]);
  }
  log(x: Value): Value {
    return this.#one('Log', [x]);
  }
  abs(x: Value): Value {
    return this.#one('Abs', [x]);
  }
  sign(x: Value): Value {
    return this.#one('Sign', [x]);
  }
  relu(x: Value): Value {
    return this.#one('Relu', [x]);
  }
  sigmoid(x: Value): Value {
    return this.#one('Sigmoid', [x]);
  }
  tanh(x: Value): Value {
    return this.#one('Tanh', [x]);
  }
  max(a: Value, b: Value): Value {
    return this.#one('Max', [a, b]);
  }
  min(a: Value, b: Value): Value {
    return this.#one('Min', [a, b]);
  }
  equal(a: Value, b: Value): Value {
    return this.#one('Equal', [a, b]);
  }
  greater(a: Value, b: Value): Value {
    return this.#one('Greater', [a, b]);
  }
  less(a: Value, b: Value): Value {
    return this.#one('Less', [a, b]);
  }
  where(condition: Value, a: Value, b: Value): Value {
    return this.#one('Where', [condition, a, b]);
  }
  cast(x: Value, to: DataType): Value {
    return this.#one('Cast', [x], { to: int(dataTypeCode(to)) });
  }

  /** Limits to [low, high]. */
  clip(x: Value, low: number, high: number): Value {
    return this.#one('Clip', [x, this.scalar(low), this.scalar(high)]);
  }
  softmax(x: Value, axis = -1): Value {
    return this.#one('Softmax', [x], { axis: int(axis) });
  }
  logSoftmax(x: Value, axis = -1): Value {
    return this.#one('LogSoftmax', [x], { axis: int(axis) });
  }

  matmul(a: Value, b: Value): Value {
    return this.#one('MatMul', [a, b]);
  }

  /** alpha·a·b (+ c), a and b transposed on request; alpha is 1 by default. */
  gemm(a: Value, b: Value, c?: Value, options: { transA?: boolean; transB?: boolean; alpha?: number; label?: string } = {}): Value {
    const attributes: Record<string, Attribute> = { transA: int(options.transA ? 1 : 0), transB: int(options.transB ? 1 : 0) };
    if (options.alpha !== undefined) attributes.alpha = float(options.alpha);
    return this.#one('Gemm', c === undefined ? [a, b] : [a, b, c], attributes, options.label);
  }

  /** Convolution of [N, C, H, W] with weights [O, C/group, kh, kw]. */
  conv(x: Value, weight: Value, window: Window = {}, bias?: Value, label?: string): Value {
    return this.#one('Conv', bias === undefined ? [x, weight] : [x, weight, bias], windowAttributes(window), label);
  }

  /** Transposed convolution of [N, C, H, W] with weights [C, O/group, kh, kw]. */
  convTranspose(x: Value, weight: Value, window: Window & { outputPadding?: readonly number[] } = {}): Value {
    const attributes = windowAttributes(window);
    if (window.outputPadding) attributes.output_padding = ints(window.outputPadding);
    return this.#one('ConvTranspose', [x, weight], attributes);
  }
  maxPool(x: Value, window: Window): Value {
    return this.#one('MaxPool', [x], windowAttributes(window));
  }
  averagePool(x: Value, window: Window): Value {
    return this.#one('AveragePool', [x], windowAttributes(window));
  }
  globalAveragePool(x: Value): Value {
    return this.#one('GlobalAveragePool', [x]);
  }

  /** Batch normalisation with stored statistics. @param kept share of them that each step of training keeps; ONNX's default is 0.9. */
  batchNorm(x: Value, scale: Value, bias: Value, mean: Value, variance: Value, epsilon: number, label?: string, kept?: number): Value {
    const attributes = { epsilon: float(epsilon), ...(kept !== undefined && { momentum: float(kept) }) };
    return this.#one('BatchNormalization', [x, scale, bias, mean, variance], attributes, label);
  }

  /** Normalisation of each vector along the last axis, with a scale and a shift for each of its elements. */
  layerNorm(x: Value, scale: Value, shift: Value, epsilon: number, label?: string): Value {
    return this.#one('LayerNormalization', [x, scale, shift], { axis: int(-1), epsilon: float(epsilon) }, label);
  }

  /** Sums over the axes (all of them where none are given). */
  reduceSum(x: Value, axes?: readonly number[], keepDims = false): Value {
    return this.#reduce('ReduceSum', x, axes, keepDims);
  }
  reduceMean(x: Value, axes?: readonly number[], keepDims = false): Value {
    return this.#reduce('ReduceMean', x, axes, keepDims);
  }
  reduceMax(x: Value, axes?: readonly number[], keepDims = false): Value {
    return this.#reduce('ReduceMax', x, axes, keepDims);
  }
  #reduce(opType: string, x: Value, axes: readonly number[] | undefined, keepDims: boolean): Value {
    return this.#one(opType, axes ? [x, this.integers(axes)] : [x], { keepdims: int(keepDims ? 1 : 0) });
  }
  argMax(x: Value, axis: number): Value {
    return this.#one('ArgMax', [x], { axis: int(axis), keepdims: int(0) });
  }

  /** Reshapes; 0 keeps an axis, -1 is inferred. */
  reshape(x: Value, dims: readonly number[]): Value {
    return this.#one('Reshape', [x, this.integers(dims)]);
  }
  flatten(x: Value, axis = 1): Value {
    return this.#one('Flatten', [x], { axis: int(axis) });
  }
  squeeze(x: Value, axes: readonly number[]): Value {
    return this.#one('Squeeze', [x, this.integers(axes)]);
  }
  unsqueeze(x: Value, axes: readonly number[]): Value {
    return this.#one('Unsqueeze', [x, this.integers(axes)]);
  }
  transpose(x: Value, permutation: readonly number[]): Value {
    return this.#one('Transpose', [x], { perm: ints(permutation) });
  }
  expand(x: Value, dims: readonly number[]): Value {
    return this.#one('Expand', [x, this.integers(dims)]);
  }
  concat(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? values[0] : this.#one('Concat', values, { axis: int(axis) });
  }
  slice(x: Value, starts: readonly number[], ends: readonly number[], axes: readonly number[], steps?: readonly number[]): Value {
    const inputs = [x, this.integers(starts), this.integers(ends), this.integers(axes)];
    return this.#one('Slice', steps ? [...inputs, this.integers(steps)] : inputs);
  }

  /** Pads with a value, by default zero: begins of every axis, then ends. Negative amounts crop. */
  pad(x: Value, pads: readonly number[], value = 0): Value {
    if (pads.every((amount) => amount === 0)) return x;
    return this.#one('Pad', value === 0 ? [x, this.integers(pads)] : [x, this.integers(pads), this.scalar(value)]);
  }

  /** Elements of x at the given positions along an axis; the result has the shape of `indices`, which has x's rank. */
  gatherElements(x: Value, indices: Value, axis: number): Value {
    return this.#one('GatherElements', [x, indices], { axis: int(axis) });
  }

  /** x with `updates` written to, or added at, the given positions along an axis. `indices` and `updates` have one shape. */
  scatterElements(x: Value, indices: Value, updates: Value, axis: number, reduction: 'none' | 'add' = 'none'): Value {
    return this.#one('ScatterElements', [x, indices, updates], { axis: int(axis), reduction: string(reduction) });
  }
  identity(x: Value): Value {
    return this.#one('Identity', [x]);
  }
}
