import { float32 } from '../../core/tensor.js';
import { float, int } from '../../onnx/builder.js';
import type { Attribute } from '../../onnx/graph.js';
import type { OperatorCase } from './case.js';

/** Every combination of transposed operands, with factors and with each way to broadcast the third. */
const gemm = [0, 1].flatMap((transA) =>
  [0, 1].flatMap((transB): OperatorCase[] => {
    const inputs = [transA ? [4, 3] : [3, 4], transB ? [5, 4] : [4, 5]];
    const attributes = { transA: int(transA), transB: int(transB) };
    const scaled = { ...attributes, alpha: float(0.7), beta: float(-1.3) };
    return [
      { op: 'Gemm', inputs, attributes },
      { op: 'Gemm', inputs: [...inputs, [5]], attributes: scaled },
    ];
  }),
);

const softmax = (op: string): OperatorCase[] => [
  { op, inputs: [[3, 5]] },
  { op, inputs: [[2, 3, 4]], attributes: { axis: int(1) } },
  { op, inputs: [[3, 2]], attributes: { axis: int(0) } },
  { op, inputs: [[2, 2, 3]], attributes: { axis: int(-2) } },
];

const norm = (training: boolean, momentum: number): Record<string, Attribute> => ({
  epsilon: float(1e-2),
  momentum: float(momentum),
  training_mode: int(training ? 1 : 0),
});
const channels = [[3], [3], [3], [3]];
// Not equal: ONNX Runtime stores equal small constants once, and then writes both statistics to the same place.
const unread = [float32([3], [0, 0, 0]), float32([3], [1, 1, 1])];

export const matrixCases: readonly OperatorCase[] = [
  ...gemm,
  ...[[], [1], [3, 1], [1, 5], [3, 5]].map((bias): OperatorCase => ({ op: 'Gemm', inputs: [[3, 4], [4, 5], bias] })),
  {
    op: 'MatMul',
    inputs: [
      [3, 4],
      [4, 2],
    ],
  },
  {
    op: 'MatMul',
    inputs: [
      [2, 3, 4],
      [4, 2],
    ],
  },
  {
    op: 'MatMul',
    inputs: [
      [2, 2, 3, 4],
      [4, 2],
    ],
  },
  {
    op: 'MatMul',
    inputs: [
      [2, 3, 4],
      [2, 4, 2],
    ],
  },
  {
    op: 'MatMul',
    inputs: [
      [3, 4],
      [2, 4, 2],
    ],
  },
  {
    op: 'MatMul',
    inputs: [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
  },
  {
    op: 'MatMul',
    inputs: [
      [1, 3, 4],
      [2, 4, 2],
    ],
  },
  { op: 'MatMul', inputs: [[4], [4, 2]] },
  { op: 'MatMul', inputs: [[3, 4], [4]] },
  { op: 'MatMul', inputs: [[4], [4]] },
  { op: 'MatMul', inputs: [[2, 3, 4], [4]] },
  { op: 'MatMul', inputs: [[4], [2, 4, 3]] },
  ...softmax('Softmax'),
  ...softmax('LogSoftmax'),
  { op: 'BatchNormalization', sample: 'positive', inputs: [[2, 3, 2, 3], ...channels], attributes: norm(false, 0.9) },
  { op: 'BatchNormalization', sample: 'positive', inputs: [[4, 3], ...channels], attributes: norm(false, 0.9) },
  { op: 'BatchNormalization', inputs: [[3, 3, 2, 3], ...channels], attributes: norm(true, 0.9), outputs: 3 },
  { op: 'BatchNormalization', inputs: [[6, 3], ...channels], attributes: norm(true, 0.25), outputs: 3 },
  { op: 'BatchNormalization', inputs: [[3, 3, 2, 2], [3], [3], ...unread], attributes: norm(true, 0), outputs: 3 },
];
