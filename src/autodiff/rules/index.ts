import type { RuleTable } from '../rule.js';
import { activation } from './activation.js';
import { arithmetic } from './arithmetic.js';
import { batchNormalization } from './batch-normalization.js';
import { constants } from './constants.js';
import { convolution } from './conv.js';
import { globalPooling } from './global-pooling.js';
import { matmul } from './matmul.js';
import { reduction } from './reduction.js';
import { shape } from './shape.js';
import { softmax } from './softmax.js';

/** Every operator that can be differentiated. A new operator is one entry in one of these tables. */
export const rules: RuleTable = {
  ...arithmetic,
  ...activation,
  ...batchNormalization,
  ...constants,
  ...convolution,
  ...globalPooling,
  ...matmul,
  ...reduction,
  ...shape,
  ...softmax,
};
