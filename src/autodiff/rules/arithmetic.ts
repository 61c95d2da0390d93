import { broadcasting, type RuleTable, rule } from '../rule.js';

/** Derivatives of the four operations and of powers; g is the cotangent of the output. */
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
};
