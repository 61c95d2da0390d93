import type { RuleTable } from '../rule.js';
import { activation } from './activation.js';
import { arithmetic } from './arithmetic.js';
import { batchNormalization } from './batch-normalization.js';
import { constants } from './constants.js';
import { convolution } from './conv.js';
import { depthToSpace } from './depth-to-space.js';
import { einsum } from './einsum.js';
import { globalPooling } from './global-pooling.js';
import { indexing } from './indexing.js';
import { layerNormalization } from './layer-normalization.js';
import { localResponse } from './local-response.js';
import { matmul } from './matmul.js';
import { padding } from './padding.js';
import { partition } from './partition.js';
import { piecewise } from './piecewise.js';
import { pooling } from './pooling.js';
import { reduction } from './reduction.js';
import { resizing } from './resize.js';
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
  ...depthToSpace,
  ...einsum,
  ...globalPooling,
  ...indexing,
  ...layerNormalization,
  ...localResponse,
  ...matmul,
  ...padding,
  ...partition,
  ...piecewise,
  ...pooling,
  ...reduction,
  ...resizing,
  ...selection,
  ...shape,
  ...softmax,
  ...transcendental,
};
