import { float, int } from '../../onnx/builder.js';
import type { OperatorCase } from './case.js';

const layer = (x: number[], scale: number[], attributes: OperatorCase['attributes'] = {}, bias = true): OperatorCase => ({
  op: 'LayerNormalization',
  inputs: bias ? [x, scale, scale] : [x, scale],
  attributes,
});

export const normalizationCases: readonly OperatorCase[] = [
  layer([2, 3, 5], [5]),
  layer([3, 5], [5], { epsilon: float(0.1) }, false),
  layer([2, 3, 4], [3, 4], { axis: int(1) }),
  layer([2, 3, 4], [4], { axis: int(1) }),
  layer([2, 3, 4], [3, 1], { axis: int(-2) }),
  { op: 'InstanceNormalization', inputs: [[2, 3, 2, 3], [3], [3]] },
  { op: 'InstanceNormalization', inputs: [[2, 2, 5], [2], [2]], attributes: { epsilon: float(0.1) } },
  ...[1, 3, 9].map(
    (size): OperatorCase => ({ op: 'LRN', inputs: [[2, 5, 2, 2]], attributes: { size: int(size), alpha: float(2), beta: float(0.6) } }),
  ),
  { op: 'LRN', inputs: [[1, 4, 2, 3]], attributes: { size: int(3), alpha: float(1), bias: float(2) } },
];
