import { float32, int64 } from '../../core/tensor.js';
import { int, ints, string } from '../../onnx/builder.js';
import type { Attribute } from '../../onnx/graph.js';
import type { OperatorCase } from './case.js';

const image = [2, 2, 3, 4];
type Attributes = Record<string, Attribute>;

const scaled = (scales: number[], attributes: Attributes = {}): OperatorCase => ({
  op: 'Resize',
  inputs: [image, null, float32([scales.length], scales)],
  attributes,
});

const sized = (sizes: number[], attributes: Attributes = {}): OperatorCase => ({
  op: 'Resize',
  inputs: [image, null, null, int64([sizes.length], sizes)],
  attributes,
});

const mode = (name: string, coordinates: string): Attributes => ({
  mode: string(name),
  coordinate_transformation_mode: string(coordinates),
});

const moved = (op: string, x: number[], attributes: Attributes): OperatorCase => ({ op, inputs: [x], attributes });

const einsum = (equation: string, ...inputs: number[][]): OperatorCase => ({
  op: 'Einsum',
  inputs,
  attributes: { equation: string(equation) },
});

/** Operators that move pixels about, and sums over labelled axes. */
export const resizeCases: readonly OperatorCase[] = [
  scaled([1, 1, 2, 2]),
  scaled([1, 1, 2, 3], { ...mode('nearest', 'asymmetric'), nearest_mode: string('floor') }),
  scaled([1, 1, 1.7, 1], mode('linear', 'half_pixel')),
  scaled([1, 1, 2, 2], mode('linear', 'asymmetric')),
  scaled([1, 1, 2, 2], mode('cubic', 'half_pixel')),
  scaled([1, 1, 0.7, 0.5], mode('linear', 'pytorch_half_pixel')),
  scaled([1, 1, 0.5, 0.5], { ...mode('linear', 'half_pixel'), antialias: int(1) }),
  scaled([1, 1, 1.1, 1.1], mode('linear', 'half_pixel')),
  sized([2, 2, 5, 3], mode('linear', 'align_corners')),
  sized([2, 2, 3, 7]),
  sized([2, 2, 3, 4], mode('linear', 'half_pixel')),
  sized([6, 5], { ...mode('linear', 'half_pixel'), axes: ints([2, 3]) }),
  moved('DepthToSpace', [2, 8, 2, 3], { blocksize: int(2) }),
  moved('DepthToSpace', [1, 12, 2, 2], { blocksize: int(2), mode: string('CRD') }),
  moved('SpaceToDepth', [2, 3, 4, 6], { blocksize: int(2) }),
  einsum('ij,jk->ik', [2, 3], [3, 4]),
  einsum('bhqd,bhkd->bhqk', [2, 2, 3, 2], [2, 2, 4, 2]),
  einsum('bij,bjk', [2, 2, 3], [2, 3, 2]),
  einsum('ijk->kj', [2, 3, 2]),
  einsum('i,j->ij', [2], [3]),
  einsum('...ij,...jk->...ik', [2, 3, 2], [2, 2, 4]),
  einsum('...ij,jk->...ik', [2, 3, 2], [2, 4]),
  einsum('ij,jk,kl->il', [2, 3], [3, 2], [2, 3]),
  einsum('bi,i->b', [3, 4], [4]),
  einsum('ij,k->k', [2, 3], [2]),
];
