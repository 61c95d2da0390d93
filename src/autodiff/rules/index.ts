import type { RuleTable } from '../rule.js';
import { activation } from './activation.js';
import { arithmetic } from './arithmetic.js';
import { batchNormalization } from './batch-normalization.js';
import { constants } from './constants.js';
import { convolution } from './conv.js';
import { globalPooling } from './global-pooling.js';
import { indexing } from './indexing.js';
import { matmul } from './matmul.js';
import { partition } from './partition.js';
import { pooling } from './pooling.js';
import { reduction } from './reduction.js';
import { selection } from './selection.js';
import { shape } from './shape.js';
import { softmax } from './softmax.js';
import { transcendental } from './transcendental.js';

/** Every operator that can be differentiated. A new operator is one entry in one of these tables. */
export const rules: RuleTable = {
  ...arithmetic,
  ...activation,
  ...batchNormalization,
  ...constants,
  ...convolution,
  ...globalPooling,
  ...indexing,
  ...matmul,
  ...partition,
  ...pooling,
  ...reduction,
  ...selection,
  ...shape,
  ...softmax,
  ...transcendental,
};
