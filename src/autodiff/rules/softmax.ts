import { intAttribute } from '../../onnx/graph.js';
import { type RuleTable, rule } from '../rule.js';

/** Derivatives of the softmax family; g is the cotangent of the output y, sums run over the softmax axis. */
export const softmax: RuleTable = {
  // y_i = e^x_i / sum_j e^x_j, so dy_i/dx_j = y_i ([i = j] - y_j): dx_j = y_j (g_j - sum_i g_i y_i).
  Softmax: rule(({ cotangent: g, builder, node, outputs: [y] }) => [
    () => {
      const total = builder.reduceSum(builder.mul(g, y), [intAttribute(node, 'axis', -1)], true);
      return builder.mul(y, builder.sub(g, total));
    },
  ]),

  // y_i = x_i - log sum_j e^x_j, so dy_i/dx_j = [i = j] - e^y_j: dx_j = g_j - e^y_j sum_i g_i.
  LogSoftmax: rule(({ cotangent: g, builder, node, outputs: [y] }) => [
    () => builder.sub(g, builder.mul(builder.exp(y), builder.reduceSum(g, [intAttribute(node, 'axis', -1)], true))),
  ]),
};
