import type { Value } from '../../onnx/builder.js';
import { intAttribute, intsAttribute, type Node, stringAttribute } from '../../onnx/graph.js';
import { type Context, channelVector, type Rewrite } from './context.js';
import { blockedFilter, imageFilter, transposedFilter } from './filters.js';
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
  if (!shapes || !fillsBlocks(shapes.y[1], ops.block)) return false;
  const { w, strides, dilations, pads } = shapes;
  const [x, weight, bias] = node.inputs;
  const window = { kernel: w.slice(2), strides, dilations, pads };
  const extras = { bias: bias && channelVector(context, values.plain(bias), w[0]) };
  const isImage = w[1] < ops.block && !values.isBlocked(x);
  if (!isImage && !fillsBlocks(w[1], ops.block)) return false;
  const value = isImage
    ? ops.conv(values.plain(x), imageFilter(ops, values.plain(weight), w), window, extras)
    : ops.conv(values.blocked(x), blockedFilter(ops, values.plain(weight), w), window, extras);
  values.setBlocked(node.outputs[0], value);
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
  const { x, w, y, strides, dilations, pads } = shapes;
  if (!fillsBlocks(w[0], ops.block) || !fillsBlocks(w[1], ops.block)) return false;
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
  const read = values.blocked(node.inputs[0]);
  const kernel = values.plain(weight);
  const extras = { bias: bias && channelVector(context, values.plain(bias), w[1]) };
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
  values.setBlocked(node.outputs[0], isWhole ? parts[0] : interleaved(context, parts, rows, columns, y));
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

/** Whether no more than half of the last block is empty. */
function fillsBlocks(channels: number, block: number): boolean {
  return channels >= block / 2;
}
