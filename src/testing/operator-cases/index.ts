import type { OperatorCase } from './case.js';
import { elementwiseCases } from './elementwise.js';
import { matrixCases } from './matrix.js';
import { normalizationCases } from './normalization.js';
import { reductionCases } from './reduction.js';
import { resizeCases } from './resize.js';
import { shapeCases } from './shape.js';
import { windowCases } from './window.js';

/** Every operator that has a derivative, in each form that its rule distinguishes. */
export const operatorCases: readonly OperatorCase[] = [
  ...elementwiseCases,
  ...matrixCases,
  ...normalizationCases,
  ...reductionCases,
  ...resizeCases,
  ...shapeCases,
  ...windowCases,
];
