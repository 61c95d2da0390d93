import { describeNode, intAttribute, intsAttribute, type Node, stringAttribute } from '../onnx/graph.js';

/** A sliding window over two axes with everything that ONNX leaves to defaults filled in. */
export interface ResolvedWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly group: number;
}

/**
 * Reads the window of a Conv, ConvTranspose or pooling node.
 * @param kernel its height and width.
 * @param image height and width of what the window slides over; needed for `auto_pad`.
 */
export function resolveWindow(node: Node, kernel: readonly number[], image: readonly number[]): ResolvedWindow {
  const strides = intsAttribute(node, 'strides') ?? [1, 1];
  const dilations = intsAttribute(node, 'dilations') ?? [1, 1];
  const group = intAttribute(node, 'group', 1);
  return { kernel, strides, dilations, group, pads: padsOf(node, kernel, strides, dilations, image) };
}

function padsOf(
  node: Node,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  image: readonly number[],
): readonly number[] {
  const mode = stringAttribute(node, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET') return intsAttribute(node, 'pads') ?? [0, 0, 0, 0];
  if (mode === 'VALID') return [0, 0, 0, 0];
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') throw new Error(`${describeNode(node)}: auto_pad '${mode}' is not known`);
  const totals = [0, 1].map((axis) => {
    const outputs = Math.ceil(image[axis] / strides[axis]);
    return Math.max(0, (outputs - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - image[axis]);
  });
  const begins = totals.map((total) => (mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return [...begins, ...totals.map((total, axis) => total - begins[axis])];
}
