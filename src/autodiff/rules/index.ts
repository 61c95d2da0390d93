import type { RuleTable } from '../rule.js';
import { arithmetic } from './arithmetic.js';

/** Every operator that can be differentiated. A new operator is one entry in one of these tables. */
export const rules: RuleTable = { ...arithmetic };
