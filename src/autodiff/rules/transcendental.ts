import { type RuleTable, rule } from '../rule.js';

/** Derivatives of functions of one number; g is the cotangent of the output y. */
export const transcendental: RuleTable = {
  // y = e^x: dy/dx = y.
  Exp: rule(({ cotangent: g, builder, outputs: [y] }) => [() => builder.mul(g, y)]),

  // y = log x: dy/dx = 1 / x.
  Log: rule(({ cotangent: g, builder, inputs: [x] }) => [() => builder.div(g, x)]),

  // y = |x|: dy/dx = sign x, and 0 at the kink.
  Abs: rule(({ cotangent: g, builder, inputs: [x] }) => [() => builder.mul(g, builder.sign(x))]),

  // y = 2/sqrt(pi) times the integral of e^-t^2 from 0 to x: dy/dx = 2/sqrt(pi) e^-x^2.
  Erf: rule(({ cotangent: g, builder, inputs: [x] }) => [
    () => builder.mul(g, builder.mul(builder.exp(builder.neg(builder.mul(x, x))), builder.scalar(2 / Math.sqrt(Math.PI)))),
  ]),

  // dy/dx = cos x, and -sin x.
  Sin: rule(({ cotangent: g, builder, inputs: [x] }) => [() => builder.mul(g, builder.op('Cos', [x])[0])]),
  Cos: rule(({ cotangent: g, builder, inputs: [x] }) => [() => builder.neg(builder.mul(g, builder.op('Sin', [x])[0]))]),
};
