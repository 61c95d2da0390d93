import { int, ints, string } from '../../onnx/builder.js';
import type { Attribute } from '../../onnx/graph.js';
import type { OperatorCase } from './case.js';

type Attributes = Record<string, Attribute>;

const strides = ints([2, 2]);
const uneven = { strides: ints([2, 1]), pads: ints([1, 0, 2, 1]) };
const dilated = { dilations: ints([2, 2]), pads: ints([2, 2, 2, 2]) };

const conv = (x: readonly number[], w: readonly number[], attributes: Attributes = {}, bias = false): OperatorCase => ({
  op: 'Conv',
  inputs: bias ? [x, w, [w[0]]] : [x, w],
  attributes,
});

const convTranspose = (x: readonly number[], w: readonly number[], attributes: Attributes = {}, bias?: number): OperatorCase => ({
  op: 'ConvTranspose',
  inputs: bias === undefined ? [x, w] : [x, w, [bias]],
  attributes,
});

const weightGradient = (x: readonly number[], g: readonly number[], attributes: Attributes): OperatorCase => ({
  op: 'antidote.ConvWeightGradient',
  inputs: [x, g],
  attributes: {
    input_shape: ints(x),
    output_shape: ints(g),
    kernel_shape: ints([3, 3]),
    strides: ints([1, 1]),
    dilations: ints([1, 1]),
    pads: ints([0, 0, 0, 0]),
    group: int(1),
    ...attributes,
  },
});

const pool = (op: string, image: readonly number[], kernel: readonly number[], attributes: Attributes = {}): OperatorCase => ({
  op,
  sample: op === 'MaxPool' ? 'apart' : 'small',
  inputs: [[2, 2, ...image]],
  attributes: { kernel_shape: ints(kernel), ...attributes },
});

const pools = (op: string): OperatorCase[] => [
  pool(op, [4, 6], [2, 2], { strides }),
  pool(op, [5, 7], [2, 2], { strides }),
  pool(op, [5, 5], [3, 3], { strides, pads: ints([1, 1, 1, 1]) }),
  pool(op, [4, 5], [3, 2]),
  pool(op, [4, 4], [1, 1], { strides }),
  pool(op, [6, 5], [3, 2], { ...uneven }),
  pool(op, [6, 6], [3, 3], { strides, ceil_mode: int(1) }),
  pool(op, [6, 6], [3, 3], { strides, pads: ints([1, 1, 1, 1]), ceil_mode: int(1) }),
  pool(op, [5, 6], [3, 3], { strides, auto_pad: string('SAME_UPPER') }),
  pool(op, [4, 4], [4, 4]),
];

export const windowCases: readonly OperatorCase[] = [
  conv([2, 3, 5, 5], [4, 3, 3, 3], { pads: ints([1, 1, 1, 1]) }, true),
  conv([2, 3, 5, 4], [4, 3, 3, 2]),
  conv([2, 2, 6, 6], [3, 2, 3, 3], { strides, pads: ints([1, 1, 1, 1]) }, true),
  conv([2, 2, 5, 6], [3, 2, 3, 3], { strides }),
  conv([2, 3, 5, 5], [4, 3, 1, 1], { strides }),
  conv([2, 3, 4, 4], [4, 3, 1, 1], {}, true),
  conv([1, 2, 6, 5], [2, 2, 3, 3], uneven),
  conv([1, 2, 7, 7], [2, 2, 3, 3], dilated),
  conv([1, 2, 7, 7], [2, 2, 3, 3], { ...dilated, strides }),
  conv([2, 4, 5, 5], [6, 2, 3, 3], { group: int(2), pads: ints([1, 1, 1, 1]) }, true),
  conv([2, 4, 5, 5], [6, 2, 3, 3], { group: int(2), strides }),
  conv([2, 3, 5, 5], [3, 1, 3, 3], { group: int(3), strides, pads: ints([1, 1, 1, 1]) }),
  conv([1, 2, 5, 5], [2, 2, 3, 3], { pads: ints([3, 3, 3, 3]) }),
  conv([1, 2, 5, 6], [2, 2, 3, 3], { strides, auto_pad: string('SAME_LOWER') }),
  conv([1, 2, 8, 8], [2, 2, 7, 7], { strides, pads: ints([3, 3, 3, 3]) }),
  convTranspose([2, 3, 4, 4], [3, 2, 3, 3], {}, 2),
  convTranspose([2, 3, 3, 4], [3, 2, 3, 3], { strides, pads: ints([1, 1, 1, 1]) }),
  convTranspose([1, 3, 3, 3], [3, 2, 3, 3], { strides, pads: ints([1, 1, 1, 1]), output_padding: ints([1, 1]) }, 2),
  convTranspose([1, 2, 4, 4], [2, 2, 2, 2], { strides }),
  convTranspose([1, 2, 4, 4], [2, 2, 3, 3], { dilations: ints([2, 2]) }),
  convTranspose([1, 4, 3, 3], [4, 2, 3, 3], { group: int(2), strides }, 4),
  weightGradient([2, 3, 4, 5], [2, 2, 4, 5], { pads: ints([1, 1, 1, 1]) }),
  weightGradient([2, 2, 6, 6], [2, 3, 3, 3], { strides, pads: ints([1, 1, 1, 1]) }),
  weightGradient([2, 2, 5, 4], [2, 3, 3, 2], { kernel_shape: ints([1, 1]), strides }),
  weightGradient([2, 4, 5, 5], [2, 2, 3, 3], { group: int(2) }),
  ...pools('MaxPool'),
  pool('MaxPool', [7, 7], [3, 3], { dilations: ints([2, 2]), strides }),
  ...pools('AveragePool'),
  ...pools('AveragePool').map((item): OperatorCase => ({ ...item, attributes: { ...item.attributes, count_include_pad: int(1) } })),
  { op: 'GlobalAveragePool', inputs: [[2, 3, 4, 2]] },
  { op: 'GlobalAveragePool', inputs: [[2, 3, 5]] },
  { op: 'GlobalMaxPool', sample: 'apart', inputs: [[2, 3, 4, 2]] },
];
