import { int64 } from '../../core/tensor.js';
import { int } from '../../onnx/builder.js';
import type { OperatorCase } from './case.js';

const reductions = (op: string, sample: OperatorCase['sample']): OperatorCase[] => [
  { op, sample, inputs: [[2, 3, 2]] },
  { op, sample, inputs: [[2, 3, 2]], attributes: { keepdims: int(0) } },
  { op, sample, inputs: [[2, 3, 2], int64([1], [1])] },
  { op, sample, inputs: [[2, 3, 2], int64([2], [-1, 0])], attributes: { keepdims: int(0) } },
  { op, sample, inputs: [[2, 3], null], attributes: { noop_with_empty_axes: int(1) } },
];

export const reductionCases: readonly OperatorCase[] = [
  ...['ReduceSum', 'ReduceMean', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp'].flatMap((op) => reductions(op, 'small')),
  ...reductions('ReduceLogSum', 'positive'),
  ...['ReduceMax', 'ReduceMin', 'ReduceL1'].flatMap((op) => reductions(op, 'apart')),
];
