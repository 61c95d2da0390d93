import { constant, type RuleTable } from '../rule.js';

const operators = [
  // Comparisons and logic
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Not',
  'And',
  'Or',
  'Xor',
  'IsNaN',
  'IsInf',
  // Steps
  'Sign',
  'Floor',
  'Ceil',
  'Round',
  // Positions
  'ArgMax',
  'ArgMin',
  'OneHot',
  'NonZero',
  // Shapes
  'Shape',
  'Size',
  'Constant',
  'ConstantOfShape',
  'Range',
];

/** Operators whose derivative is zero wherever there is one. */
export const constants: RuleTable = Object.fromEntries(operators.map((name) => [name, constant]));
