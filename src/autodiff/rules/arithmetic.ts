import type { Value } from '../../onnx/builder.js';
import { broadcasting, type RuleContext, type RuleTable, rule } from '../rule.js';

/** Derivatives of the four operations and of powers; g is the cotangent of the output y. */
export const arithmetic: RuleTable = {
  // y = a + b: dy = da + db.
  Add: broadcasting(({ cotangent: g }) => [() => g, () => g]),

  // y = a - b: dy = da - db.
  Sub: broadcasting(({ cotangent: g, builder }) => [() => g, () => builder.neg(g)]),

  // y = a b: dy = b da + a db.
  Mul: broadcasting(({ cotangent: g, builder, inputs: [a, b] }) => [() => builder.mul(g, b), () => builder.mul(g, a)]),

  // y = a / b: dy = da / b - (a / b) db / b = da / b - y db / b.
  Div: broadcasting(({ cotangent: g, builder, inputs: [, b], outputs: [y] }) => [
    () => builder.div(g, b),
    () => builder.neg(builder.div(builder.mul(g, y), b)),
  ]),

  // y = -x: dy = -dx.
  Neg: rule(({ cotangent: g, builder }) => [() => builder.neg(g)]),

  // y = a + b + ...: every input gets g.
  Sum: broadcasting(({ cotangent: g, inputs }) => inputs.map(() => () => g)),

  // y = 1 / x: dy/dx = -1 / x^2 = -y^2.
  Reciprocal: rule(({ cotangent: g, builder, outputs: [y] }) => [() => builder.neg(builder.mul(g, builder.mul(y, y)))]),

  // y = sqrt x: dy/dx = 1 / (2 y).
  Sqrt: rule(({ cotangent: g, builder, outputs: [y] }) => [() => builder.div(g, builder.mul(y, builder.scalar(2)))]),

  // y = a^b: dy/da = b a^(b-1); dy/db = y log a.
  Pow: broadcasting((context) => [() => context.builder.mul(context.cotangent, powerSlope(context)), () => exponentGradient(context)]),
};

function powerSlope(context: RuleContext): Value {
  const { builder, inputs, constantOf } = context;
  const [a, b] = inputs;
  const known = constantOf(b)?.data;
  if (known?.length === 1 && Number(known[0]) === 2) return builder.mul(a, builder.scalar(2));
  const exponent = exponentOf(context);
  return builder.mul(exponent, builder.pow(a, builder.sub(exponent, builder.scalar(1))));
}

/** Zero where the base is not positive: there the logarithm is not defined, and 0^b is 0 around any b > 0. */
function exponentGradient({ builder, cotangent: g, inputs: [a], outputs: [y] }: RuleContext): Value {
  const defined = builder.where(builder.greater(a, builder.scalar(0)), a, builder.scalar(1));
  return builder.mul(g, builder.mul(y, builder.log(defined)));
}

/** ONNX lets the exponent have a type of its own. */
function exponentOf({ builder, inputs: [a, b], typeOf }: RuleContext): Value {
  return typeOf(b) === typeOf(a) ? b : builder.cast(b, typeOf(a));
}
