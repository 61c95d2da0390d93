import type { Node } from './graph.js';

/** Operators that work element by element on inputs which broadcast against each other, with one output. */
const elementwise = new Set(
  (
    'Abs Add And Cast Clip Div Elu Equal Erf Exp Floor Greater GreaterOrEqual HardSigmoid HardSwish Identity LeakyRelu Less ' +
    'LessOrEqual Log Max Min Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Softplus Sqrt Sub Tanh Where'
  ).split(' '),
);

export function isElementwise({ opType, domain }: Node): boolean {
  return domain === '' && elementwise.has(opType);
}
