import { float32, int64, tensor } from '../../core/tensor.js';
import { int, ints, string } from '../../onnx/builder.js';
import type { Attribute } from '../../onnx/graph.js';
import type { OperatorCase } from './case.js';

const list = (...values: number[]) => int64([values.length], values);

const slice = (x: number[], ...bounds: number[][]): OperatorCase => ({
  op: 'Slice',
  inputs: [x, ...bounds.map((values) => list(...values))],
});

const pad = (x: number[], pads: number[], ...rest: OperatorCase['inputs'][number][]): OperatorCase => ({
  op: 'Pad',
  inputs: [x, list(...pads), ...rest],
});

const repeating = (mode: string, ...args: Parameters<typeof pad>): OperatorCase => ({
  ...pad(...args),
  attributes: { mode: string(mode) },
});

const indexed = (op: string, inputs: OperatorCase['inputs'], attributes: Record<string, Attribute> = {}): OperatorCase => ({
  op,
  inputs,
  attributes,
});

const elements = int64([2, 3], [0, 2, 2, 1, 0, -1]);
const once = int64([2, 2], [0, 1, 2, 0]);

export const shapeCases: readonly OperatorCase[] = [
  { op: 'Reshape', inputs: [[2, 3, 4], list(4, -1)] },
  { op: 'Reshape', inputs: [[2, 3, 4], list(0, 12)] },
  { op: 'Flatten', inputs: [[2, 3, 4]] },
  { op: 'Flatten', inputs: [[2, 3, 4]], attributes: { axis: int(2) } },
  { op: 'Squeeze', inputs: [[2, 1, 3, 1]] },
  { op: 'Squeeze', inputs: [[2, 1, 3, 1], list(-1)] },
  { op: 'Unsqueeze', inputs: [[2, 3], list(0, 3)] },
  { op: 'Transpose', inputs: [[2, 3, 4]] },
  { op: 'Transpose', inputs: [[2, 3, 4]], attributes: { perm: ints([1, 2, 0]) } },
  { op: 'Expand', inputs: [[3, 1], list(2, 3, 4)] },
  { op: 'Expand', inputs: [[2, 3], list(2, 3)] },
  { op: 'Expand', inputs: [[2, 3], list(1, 1)] },
  { op: 'Tile', inputs: [[2, 3], list(3, 2)] },
  { op: 'Tile', inputs: [[2, 3], list(1, 1)] },
  { op: 'Dropout', inputs: [[2, 3]] },
  { op: 'Dropout', inputs: [[2, 3], float32([], [0.5]), tensor('bool', [], Uint8Array.of(0))] },
  { op: 'Cast', inputs: [[2, 3]], attributes: { to: int(1) } },
  {
    op: 'Concat',
    inputs: [
      [2, 3],
      [2, 1],
      [2, 2],
    ],
    attributes: { axis: int(1) },
  },
  {
    op: 'Concat',
    inputs: [
      [2, 3, 1],
      [1, 3, 1],
    ],
    attributes: { axis: int(-3) },
  },
  { op: 'Split', inputs: [[6, 2]], attributes: { num_outputs: int(3) }, outputs: 3 },
  { op: 'Split', inputs: [[2, 5], list(1, 4)], attributes: { axis: int(-1) }, outputs: 2 },
  slice([5, 4], [1], [4]),
  slice([5, 4], [1, 0], [-1, 3]),
  slice([5, 4], [1], [100], [-1]),
  slice([7, 5], [1, 4], [7, -100], [0, 1], [2, -1]),
  slice([7, 5], [0], [7], [0], [3]),
  slice([8, 2], [-1], [-9], [0], [-3]),
  slice([8, 2], [-2], [0], [0], [-2]),
  slice([9, 3], [100], [2], [0], [-2]),
  slice([2, 3, 8], [-100, 2], [1, 7], [0, 2], [1, 2]),
  pad([2, 3], [1, 0, 2, 1]),
  pad([4, 3], [-1, 1, -2, 0]),
  pad([2, 3], [1, 0, 2, 1], []),
  pad([2, 3, 4], [1, 2], null, list(-1)),
  pad([4, 3], [-1, 1, 1, -1], []),
  repeating('reflect', [3, 4], [2, 1, 1, 3]),
  repeating('reflect', [2, 1, 4, 3], [0, 0, 1, 1, 0, 0, 2, 0]),
  repeating('reflect', [4, 5], [-1, 1, 2, -2]),
  repeating('edge', [3, 4], [2, 1, 1, 3]),
  repeating('edge', [3, 1], [-1, 2, 2, 1]),
  repeating('edge', [2, 3, 4], [1, 2], null, list(-1)),
  indexed('Gather', [[4, 3], list(0, 2, 2, -1)]),
  indexed('Gather', [[2, 4, 3], int64([2, 2], [3, 1, 1, 0])], { axis: int(1) }),
  indexed('Gather', [[2, 4, 3], { fed: int64([2], [1, 1]) }], { axis: int(-1) }),
  indexed('Gather', [[3, 4], int64([], [1])], { axis: int(1) }),
  indexed('GatherElements', [[3, 3], elements]),
  indexed('GatherElements', [[2, 3], { fed: elements }], { axis: int(1) }),
  indexed('ScatterElements', [[3, 3], elements, [2, 3]], { reduction: string('add') }),
  indexed('ScatterElements', [[3, 3], { fed: elements }, [2, 3]], { axis: int(1), reduction: string('add') }),
  indexed('ScatterElements', [[3, 2], once, [2, 2]]),
];
