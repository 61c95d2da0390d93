import { float32, int64, tensor } from '../../core/tensor.js';
import { float } from '../../onnx/builder.js';
import type { OperatorCase } from './case.js';

const image = [2, 3, 4, 5];

/** Pairs of shapes that broadcast in each way there is. */
const broadcasts = [
  [
    [2, 3],
    [2, 3],
  ],
  [image, [3, 1, 1]],
  [[4], image.slice(0, 3)],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [image, []],
  [[], [2, 2]],
];

const unary = (op: string, sample: OperatorCase['sample']): OperatorCase[] => [
  { op, sample, inputs: [[3, 4]] },
  { op, sample, inputs: [[2, 1, 3, 2]] },
];

const binary = (op: string, sample?: OperatorCase['sample']): OperatorCase[] =>
  broadcasts.map((inputs) => ({ op, sample, inputs: op === 'Min' ? inputs.toReversed() : inputs }));

const mask = tensor('bool', [2, 3], Uint8Array.of(1, 0, 0, 1, 1, 0));

export const elementwiseCases: readonly OperatorCase[] = [
  ...['Add', 'Sub', 'Mul'].flatMap((op) => binary(op)),
  ...['Div', 'Pow'].flatMap((op) => binary(op, 'positive')),
  ...['Max', 'Min'].flatMap((op) => binary(op, 'apart')),
  ...['Neg', 'Exp', 'Sigmoid', 'Tanh', 'Softplus', 'Erf', 'Sin', 'Cos', 'Identity', 'Mish'].flatMap((op) => unary(op, 'small')),
  ...['Sqrt', 'Log', 'Reciprocal'].flatMap((op) => unary(op, 'positive')),
  ...['Abs', 'Relu', 'LeakyRelu'].flatMap((op) => unary(op, 'apart')),
  ...['Elu', 'Selu', 'Celu', 'Softsign'].flatMap((op) => unary(op, 'apart')),
  ...['LeakyRelu', 'Elu', 'Celu', 'ThresholdedRelu'].map(
    (op): OperatorCase => ({ op, sample: 'apart', inputs: [[2, 5]], attributes: { alpha: float(0.3) } }),
  ),
  { op: 'Selu', sample: 'apart', inputs: [[2, 5]], attributes: { alpha: float(0.7), gamma: float(1.5) } },
  { op: 'HardSigmoid', sample: 'apart', inputs: [[8, 9]] },
  { op: 'HardSigmoid', sample: 'apart', inputs: [[4, 5]], attributes: { alpha: float(0.9), beta: float(0.3) } },
  { op: 'HardSwish', sample: 'apart', inputs: [[9, 8]] },
  {
    op: 'PRelu',
    sample: 'apart',
    inputs: [
      [2, 3, 2],
      [3, 1],
    ],
  },
  { op: 'Sum', inputs: [[2, 3], [3], [2, 1]] },
  { op: 'Sum', inputs: [[2, 3]] },
  { op: 'Max', sample: 'apart', inputs: [[2, 3], [3], [2, 1]] },
  { op: 'Min', sample: 'apart', inputs: [[2, 3], [3], [2, 1]] },
  { op: 'Max', sample: 'apart', inputs: [[2, 3]] },
  ...[2, 3, 1, 0.5, -1].map((exponent): OperatorCase => ({ op: 'Pow', sample: 'positive', inputs: [[2, 3], float32([], [exponent])] })),
  { op: 'Pow', sample: 'small', inputs: [[2, 3], float32([], [2])] },
  { op: 'Pow', sample: 'small', inputs: [[2, 3], int64([3], [3, 2, 3])] },
  { op: 'Clip', sample: 'apart', inputs: [[3, 5], float32([], [-0.4]), float32([], [0.3])] },
  { op: 'Clip', sample: 'apart', inputs: [[3, 5], null, float32([], [0.3])] },
  { op: 'Clip', sample: 'apart', inputs: [[3, 5], float32([], [-0.4])] },
  { op: 'Clip', sample: 'apart', inputs: [[3, 5], []] },
  { op: 'Clip', sample: 'apart', inputs: [[3, 5], null, []] },
  { op: 'Where', inputs: [mask, [2, 3], [3]] },
  { op: 'Where', inputs: [{ fed: mask }, [], [4, 2, 1]] },
];
