import type { Value } from '../../onnx/builder.js';
import { floatAttribute, intAttribute } from '../../onnx/graph.js';
import { type RuleContext, type RuleTable, rule } from '../rule.js';
import { sumTo } from '../shapes.js';

/** Derivatives of matrix products; g is the cotangent of the output. */
export const matmul: RuleTable = {
  // y = alpha A B + beta c, where A is a or its transpose and B is b or its transpose.
  // dA = alpha g B^T and dB = alpha A^T g; the transpose of either where the operand was transposed.
  // dc = beta g, summed over the axes along which c was repeated.
  Gemm: rule(({ cotangent: g, builder, node, inputs: [a, b, c], outputs: [y], shapeOf }) => {
    const transposed = { a: intAttribute(node, 'transA', 0) !== 0, b: intAttribute(node, 'transB', 0) !== 0 };
    const alpha = floatAttribute(node, 'alpha', 1);
    const beta = floatAttribute(node, 'beta', 1);
    return [
      () =>
        transposed.a
          ? builder.gemm(b, g, undefined, { transA: transposed.b, transB: true, alpha })
          : builder.gemm(g, b, undefined, { transB: !transposed.b, alpha }),
      () =>
        transposed.b
          ? builder.gemm(g, a, undefined, { transA: true, transB: transposed.a, alpha })
          : builder.gemm(a, g, undefined, { transA: !transposed.a, alpha }),
      () => {
        const sum = sumTo(builder, g, shapeOf(y), shapeOf(c));
        return beta === 1 ? sum : builder.mul(sum, builder.scalar(beta));
      },
    ];
  }),

  // Y = A B on the last two axes: dA = G B^T and dB = A^T G, summed over the batch axes along which either was repeated.
  MatMul: rule((context) => {
    const [left, right] = context.inputs.map((input) => context.shapeOf(input).length);
    return left >= 2 && right === 2 ? matrixRules(context) : [() => leftOf(context), () => rightOf(context)];
  }),
};

/** A stack of matrices times one matrix is one product of the rows of all of them: no batch to sum over afterwards. */
function matrixRules({ cotangent: g, builder, inputs: [a, b], shapeOf }: RuleContext) {
  const [inner, columns] = shapeOf(b);
  const rows = (value: Value, width: number) => (shapeOf(a).length === 2 ? value : builder.reshape(value, [-1, width]));
  return [
    () => {
      const product = builder.gemm(rows(g, columns), b, undefined, { transB: true });
      return shapeOf(a).length === 2 ? product : builder.reshape(product, shapeOf(a));
    },
    () => builder.gemm(rows(a, inner), rows(g, columns), undefined, { transA: true }),
  ];
}

/** Operands with the axes that MatMul gives to vectors: a row on the left, a column on the right. */
function matrices({ cotangent, builder, inputs: [a, b], outputs: [y], shapeOf }: RuleContext) {
  const left = shapeOf(a).length === 1 ? [1, ...shapeOf(a)] : shapeOf(a);
  const right = shapeOf(b).length === 1 ? [...shapeOf(b), 1] : shapeOf(b);
  const batch = shapeOf(y).slice(0, Math.max(left.length, right.length) - 2);
  const g = builder.reshape(cotangent, [...batch, left[left.length - 2], right[right.length - 1]]);
  return { left, right, batch, g };
}

function leftOf(context: RuleContext): Value {
  const { builder, inputs } = context;
  const { left, right, batch, g } = matrices(context);
  const transposed = swapLast(context, builder.reshape(inputs[1], right), right.length);
  const sum = sumTo(builder, builder.matmul(g, transposed), [...batch, ...left.slice(-2)], left);
  return builder.reshape(sum, context.shapeOf(inputs[0]));
}

function rightOf(context: RuleContext): Value {
  const { builder, inputs } = context;
  const { left, right, batch, g } = matrices(context);
  const transposed = swapLast(context, builder.reshape(inputs[0], left), left.length);
  const sum = sumTo(builder, builder.matmul(transposed, g), [...batch, ...right.slice(-2)], right);
  return builder.reshape(sum, context.shapeOf(inputs[1]));
}

function swapLast({ builder }: RuleContext, value: Value, rank: number): Value {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return builder.transpose(value, [...axes.slice(0, -2), rank - 1, rank - 2]);
}
