import type { Value } from '../../onnx/builder.js';
import { intAttribute, intsAttribute, type Node, stringAttribute } from '../../onnx/graph.js';
import { type Context, type Rewrite, repeated } from './context.js';
import { blockedFilter, imageFilter, repeatedFilter, transposedFilter } from './filters.js';
import { type BlockedOperators, folded } from './operators.js';
import { type Axis, phasesOf } from './phases.js';

interface ConvShapes {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly y: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/** Shapes of a convolution over images of one group whose padding is written out, if this is one and they are all known. */
function shapesOf(node: Node, opType: string, { values }: Context): ConvShapes | undefined {
  if (node.opType !== opType || node.domain !== '' || intAttribute(node, 'group', 1) !== 1) return undefined;
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET') return undefined;
  const [x, w, y] = [node.inputs[0], node.inputs[1], node.outputs[0]].map((name) => values.shapeOf(name));
  if (x?.length !== 4 || !w || !y) return undefined;
  const strides = intsAttribute(node, 'strides') ?? [1, 1];
  const dilations = intsAttribute(node, 'dilations') ?? [1, 1];
  return { x, w, y, strides, dilations, pads: intsAttribute(node, 'pads') ?? [0, 0, 0, 0] };
}

export const convolution: Rewrite = (node, context) => {
  const { ops, values } = context;
  const shapes = shapesOf(node, 'Conv', context);
  const [x, weight, bias] = node.inputs;
  const fold = shapes && foldOf(context, shapes.y, shapes.x, x);
  if (!shapes || fold === undefined) return false;
  const { strides, dilations, pads } = shapes;
  const w = [fold * shapes.w[0], fold * shapes.w[1], ...shapes.w.slice(2)];
  const window = { kernel: w.slice(2), strides, dilations, pads };
  const extras = { bias: bias && biasVector(ops, values.plain(bias), shapes.w[0], fold) };
  const filter = repeatedFilter(ops.builder, values.plain(weight), shapes.w, fold);
  const value = isFewChannels(context, shapes.x[1] * fold, x)
    ? ops.conv(plainImages(context, x, shapes.x, fold), imageFilter(ops, filter, w), window, extras)
    : ops.conv(inFold(context, x, shapes.x, fold), blockedFilter(ops, filter, w), window, extras);
  values.setBlocked(node.outputs[0], fold === ops.fold(shapes.y) ? value : ops.builder.reshape(value, asStored(ops, shapes.y)));
  return true;
};

/**
 * x[j] = Σ_k w[k] · y[i] over i·s + k - p = j. Of stride 1 that is a convolution of y with the kernel turned round. Of stride s each
 * phase of j, that is its remainder by s, is such a convolution with every s-th tap; the phases are then put together row by row.
 */
export const transposedConvolution: Rewrite = (node, context) => {
  const { ops, values } = context;
  const shapes = shapesOf(node, 'ConvTranspose', context);
  if (!shapes || node.attributes.output_shape) return false;
  const { x, y, strides, dilations, pads } = shapes;
  const fold = foldOf(context, x, y);
  if (fold === undefined) return false;
  const w = [fold * shapes.w[0], fold * shapes.w[1], ...shapes.w.slice(2)];
  if (dilations.some((dilation, axis) => dilation > 1 && strides[axis] > 1)) return false;
  const axes = [0, 1].map((axis) =>
    phasesOf({
      input: x[2 + axis],
      output: y[2 + axis],
      kernel: w[2 + axis],
      stride: strides[axis],
      dilation: dilations[axis],
      pad: pads[axis],
    }),
  );
  if (axes.some((axis) => axis === undefined)) return false;
  const [rows, columns] = axes as [Axis, Axis];
  const [, weight, bias] = node.inputs;
  const read = inFold(context, node.inputs[0], x, fold);
  const kernel = repeatedFilter(ops.builder, values.plain(weight), shapes.w, fold);
  const extras = { bias: bias && biasVector(ops, values.plain(bias), shapes.w[1], fold) };
  const parts = rows.phases.flatMap((row) =>
    columns.phases.map((column) => {
      const filter = transposedFilter(ops, kernel, w, [row.taps, column.taps]);
      const window = {
        kernel: [row.taps.length, column.taps.length],
        dilations,
        pads: [row.before, column.before, row.after, column.after],
      };
      return ops.conv(read, filter, window, extras);
    }),
  );
  const isWhole = strides.every((stride) => stride === 1);
  const value = isWhole ? parts[0] : interleaved(context, parts, rows, columns, folded(y, fold));
  values.setBlocked(node.outputs[0], fold === ops.fold(y) ? value : ops.builder.reshape(value, asStored(ops, y)));
  return true;
};

/** Puts phases together: position j of an axis is position ⌊j / s⌋ of phase j mod s, or zero where that phase has no taps. */
function interleaved(
  { ops }: Context,
  parts: readonly Value[],
  rows: Axis,
  columns: Axis,
  [batch, channels, height, width]: readonly number[],
): Value {
  const { builder, block } = ops;
  const [length, breadth] = [rows.length, columns.length];
  const blocks = (batch * ops.padded(channels)) / block;
  const all = builder.concat(
    parts.map((part) => builder.reshape(part, [1, blocks, length * breadth, block])),
    0,
  );
  const from = ([image, y, x]: readonly number[]) => {
    const [row, column] = [rows.place(y), columns.place(x)];
    const part = row.phase * columns.phases.length + column.phase;
    return ((part * blocks + image) * length + row.position) * breadth + column.position;
  };
  const key = `phases ${JSON.stringify([rows, columns])}`;
  const picked = ops.rows(builder.reshape(all, [-1, block]), 0, key, [blocks, height, width], from);
  return builder.reshape(picked, [batch, ops.padded(channels), height, width]);
}

/** Whether x is read as it is, as an image of a few channels. */
export function isFewChannels({ ops, values }: Context, channels: number, x: string): boolean {
  return channels < ops.block && !values.isBlocked(x);
}

/** Images that are not blocked, with the channels of f of them taken for those of one. */
export function plainImages({ ops, values }: Context, x: string, shape: readonly number[], fold: number): Value {
  return fold === 1 ? values.plain(x) : ops.builder.reshape(values.plain(x), folded(shape, fold));
}

/** Blocked images with the channels of f of them taken for those of one, however many share a block. */
export function inFold({ ops, values }: Context, x: string, shape: readonly number[], fold: number): Value {
  const value = values.blocked(x);
  return fold === ops.fold(shape) ? value : ops.builder.reshape(value, folded(shape, fold));
}

/** The shape of blocked images, with channels that were filled up. */
function asStored(ops: BlockedOperators, shape: readonly number[]): number[] {
  const [batch, channels, ...size] = ops.stored(shape);
  return [batch, ops.padded(channels), ...size];
}

/**
 * Of how many images the channels are taken for those of one, so that both sides of a convolution are in whole blocks.
 * @param of the side that has to be blocked; `other` the other side, which may be an image of a few channels with the given name.
 * @returns undefined where blocks would be more than half empty, or the sides do not go together.
 */
export function foldOf(context: Context, of: readonly number[], other: readonly number[], name?: string): number | undefined {
  const { ops } = context;
  const own = ops.fold(of);
  if (ops.stored(of)[1] < ops.block / 2) return undefined;
  if (name !== undefined && isFewChannels(context, other[1] * own, name)) return own;
  if (ops.stored(other)[1] < ops.block / 2) return undefined;
  const fold = Math.max(own, ops.fold(other));
  const isWhole = (shape: readonly number[]) => ops.stored(shape)[1] % ops.block === 0;
  return fold === 1 || (isWhole(of) && isWhole(other)) ? fold : undefined;
}

function biasVector(ops: BlockedOperators, bias: Value, channels: number, fold: number): Value {
  const { builder } = ops;
  return fold === 1 ? builder.pad(bias, [0, ops.padded(channels) - channels]) : repeated(builder, bias, channels, fold);
}
