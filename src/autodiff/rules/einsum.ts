import type { Value } from '../../onnx/builder.js';
import { string } from '../../onnx/builder.js';
import { stringAttribute } from '../../onnx/graph.js';
import { refuse } from '../operands.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';

/**
 * y[out] = Σ Π_i x_i[labels_i], over the labels that are not in `out`. It is linear in each operand, so dx_j is a sum of the
 * same kind, of g in the place of x_j: dx_j[labels_j] = Σ g[out] Π_{i≠j} x_i[labels_i]. A label that only x_j has was
 * summed away, so every element along it gets the same.
 */
export const einsum: RuleTable = {
  Einsum: rule((context) => {
    const { operands, result } = labelsOf(context);
    return operands.map((_, index) => () => operandGradient(context, operands, result, index));
  }),
};

/** The letters of each operand and of the result, an ellipsis spelled out. */
function labelsOf(context: RuleContext): { operands: string[]; result: string } {
  const { node, inputs, outputs, shapeOf } = context;
  const [left, right] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->');
  const free = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz').filter((letter) => !left.includes(letter));
  const spell = (term: string, rank: number) => {
    const hidden = rank - (term.length - 3);
    // Broadcasting aligns the last axes, so they take the same letters in every operand.
    return term.includes('...') ? term.replace('...', free.slice(0, hidden).reverse().join('')) : term;
  };
  const terms = left.split(',');
  const operands = terms.map((term, i) => spell(term, shapeOf(inputs[i]).length));
  const implied = () => {
    const letters = [...new Set(left.replace(/[,.]/g, ''))].filter((letter) => left.split(letter).length === 2);
    return (left.includes('...') ? '...' : '') + letters.sort().join('');
  };
  const result = spell(right ?? implied(), shapeOf(outputs[0]).length);
  for (const term of [...operands, result]) if (new Set(term).size < term.length) refuse(context, `a label twice in '${term}'`);
  return { operands, result };
}

function operandGradient(context: RuleContext, operands: readonly string[], result: string, index: number): Value {
  const { builder, cotangent: g, inputs, outputs, shapeOf } = context;
  const wanted = operands[index];
  const shape = shapeOf(inputs[index]);
  const others = operands.flatMap((_, i) => (i === index ? [] : [i]));
  const seen = new Set([result, ...others.map((i) => operands[i])].join(''));
  const kept = Array.from(wanted).filter((letter) => seen.has(letter));
  const sizes = new Map<string, number>();
  const note = (labels: string, dims: readonly number[]) =>
    Array.from(labels).forEach((letter, axis) => {
      sizes.set(letter, Math.max(dims[axis], sizes.get(letter) ?? 1));
    });
  operands.forEach((labels, i) => {
    note(labels, shapeOf(inputs[i]));
  });
  note(result, shapeOf(outputs[0]));
  const stretched = Array.from(wanted).some((letter, axis) => shape[axis] !== sizes.get(letter));
  if (stretched) refuse(context, 'operands that are repeated along an axis');
  const equation = `${[result, ...others.map((i) => operands[i])].join(',')}->${kept.join('')}`;
  const [product] = builder.op('Einsum', [g, ...others.map((i) => inputs[i])], { equation: string(equation) });
  if (kept.length === wanted.length) return product;
  const aligned = Array.from(wanted).map((letter, axis) => (seen.has(letter) ? shape[axis] : 1));
  return builder.expand(builder.reshape(product, aligned), shape);
}
