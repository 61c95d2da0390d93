import type { Tensor } from '../core/tensor.js';
import { isElementwise } from './elementwise.js';
import { type Graph, intAttribute, intsAttribute, type Node } from './graph.js';

/** A shape as far as it is known: undefined for an axis whose size is not. */
export type Dims = readonly (number | undefined)[];

/**
 * Shapes of the values of a graph, from its inputs and parameters on, without running it. It knows the operators around
 * convolutions; a value behind another operator is left out, unless the graph's own `types` has it.
 */
export function inferShapes(graph: Graph): Map<string, Dims> {
  const shapes = new Map<string, Dims>();
  const known = (dims: readonly (number | string)[] | undefined): Dims | undefined =>
    dims?.map((dim) => (typeof dim === 'number' ? dim : undefined));
  for (const [name, { dims }] of graph.types) shapes.set(name, known(dims) ?? []);
  for (const [name, { dims }] of graph.types) if (dims === undefined) shapes.delete(name);
  for (const { name, dims } of graph.inputs) if (dims) shapes.set(name, known(dims) as Dims);
  for (const [name, { dims }] of graph.initializers) shapes.set(name, dims);
  for (const node of graph.nodes) {
    const dims = shapes.has(node.outputs[0]) ? undefined : outputShape(node, (name) => shapes.get(name), graph.initializers);
    if (dims) shapes.set(node.outputs[0], dims);
  }
  return shapes;
}

type Lookup = (name: string) => Dims | undefined;

function outputShape(node: Node, shapeOf: Lookup, constants: ReadonlyMap<string, Tensor>): Dims | undefined {
  if (node.domain !== '') return undefined;
  const [x, w] = node.inputs.map((name) => (name === '' ? undefined : shapeOf(name)));
  const integers = (input: number) => {
    const value = constants.get(node.inputs[input] ?? '');
    return value && Array.from(value.data as ArrayLike<number | bigint>, Number);
  };
  if (isElementwise(node)) return broadcast(node.inputs.filter((name) => name !== '').map(shapeOf));
  if (!x) return node.opType === 'Reshape' ? spelledOut(integers(1)) : undefined;
  switch (node.opType) {
    case 'BatchNormalization':
      return x;
    case 'Conv':
      return w && windowed(node, x, w[0], w.slice(2), 'down');
    case 'ConvTranspose':
      return w && windowed(node, x, times(w[1], intAttribute(node, 'group', 1)), w.slice(2), 'up');
    case 'AveragePool':
    case 'MaxPool':
      return intAttribute(node, 'ceil_mode', 0) ? undefined : windowed(node, x, x[1], intsAttribute(node, 'kernel_shape') ?? [], 'down');
    case 'GlobalAveragePool':
    case 'GlobalMaxPool':
      return x.map((dim, axis) => (axis < 2 ? dim : 1));
    case 'Transpose':
      return (intsAttribute(node, 'perm') ?? x.map((_, axis) => x.length - 1 - axis)).map((axis) => x[axis]);
    case 'Reshape':
      return reshaped(x, integers(1));
    case 'Slice':
      return sliced(x, integers(1), integers(2), integers(3), integers(4));
    case 'Concat':
      return concatenated(node.inputs.map(shapeOf), intAttribute(node, 'axis', 0));
    default:
      return undefined;
  }
}

/** The shape that inputs broadcast to, or undefined where one of them is not known. */
export function broadcast(shapes: readonly (Dims | undefined)[]): Dims | undefined {
  if (shapes.some((dims) => dims === undefined)) return undefined;
  const all = shapes as readonly Dims[];
  const rank = Math.max(...all.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = all.map((dims) => (axis < rank - dims.length ? 1 : dims[axis - rank + dims.length]));
    return sizes.find((size) => size !== undefined && size !== 1) ?? (sizes.includes(undefined) ? undefined : 1);
  });
}

function windowed(node: Node, x: Dims, channels: number | undefined, kernel: Dims, way: 'down' | 'up'): Dims | undefined {
  const axes = x.length - 2;
  const ones = new Array<number>(axes).fill(1);
  const none = new Array<number>(2 * axes).fill(0);
  const automatic = node.attributes.auto_pad;
  if ((automatic && automatic.value !== 'NOTSET') || node.attributes.output_shape || kernel.length !== axes) return undefined;
  const strides = intsAttribute(node, 'strides') ?? ones;
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  const pads = intsAttribute(node, 'pads') ?? none;
  const extra = intsAttribute(node, 'output_padding') ?? none;
  const spatial = x.slice(2).map((size, axis) => {
    const taps = kernel[axis];
    if (size === undefined || taps === undefined) return undefined;
    const reach = dilations[axis] * (taps - 1) + 1;
    const around = pads[axis] + pads[axis + axes];
    if (way === 'down') return Math.floor((size + around - reach) / strides[axis]) + 1;
    return (size - 1) * strides[axis] + reach - around + extra[axis];
  });
  return [x[0], channels, ...spatial];
}

/** The target of a Reshape, where it says everything. */
function spelledOut(target: readonly number[] | undefined): Dims | undefined {
  return target?.every((size) => size > 0) ? target : undefined;
}

function reshaped(x: Dims, target: readonly number[] | undefined): Dims | undefined {
  if (!target) return undefined;
  const dims = target.map((size, axis) => (size === 0 ? x[axis] : size));
  const rest = dims.reduce<number | undefined>((product, size) => (size === -1 ? product : times(product, size)), 1);
  const whole = x.reduce<number | undefined>(times, 1);
  return dims.map((size) => (size === -1 ? (whole !== undefined && rest ? whole / rest : undefined) : size));
}

function sliced(
  x: Dims,
  starts: readonly number[] | undefined,
  ends: readonly number[] | undefined,
  axes = starts?.map((_, i) => i),
  steps = starts?.map(() => 1),
): Dims | undefined {
  if (!starts || !ends || !axes || !steps) return undefined;
  const dims = [...x];
  axes.forEach((given, i) => {
    const axis = given < 0 ? given + x.length : given;
    const size = x[axis];
    if (size === undefined) return;
    const limit = (value: number) =>
      Math.min(Math.max(value < 0 ? value + size : value, steps[i] < 0 ? -1 : 0), steps[i] < 0 ? size - 1 : size);
    dims[axis] = Math.max(0, Math.ceil((limit(ends[i]) - limit(starts[i])) / steps[i]));
  });
  return dims;
}

function concatenated(shapes: readonly (Dims | undefined)[], axis: number): Dims | undefined {
  const [first] = shapes;
  if (!first || shapes.some((dims) => dims === undefined)) return undefined;
  const along = axis < 0 ? axis + first.length : axis;
  const total = (shapes as readonly Dims[]).reduce<number | undefined>((sum, dims) => {
    const size = dims[along];
    return sum === undefined || size === undefined ? undefined : sum + size;
  }, 0);
  return first.map((dim, i) => (i === along ? total : dim));
}

function times(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}
