import { intAttribute, stringAttribute } from '../../onnx/graph.js';
import { type RuleTable, rule } from '../rule.js';

/**
 * Derivatives of operators that move blocks of b x b pixels into channels and back: permutations of the elements, so g is
 * permuted back. With every axis split, an image is [N, C, H, b, W, b]; its channels are ordered [b, b, C] ("DCR", and
 * always in SpaceToDepth) or [C, b, b] ("CRD").
 */
export const depthToSpace: RuleTable = {
  DepthToSpace: rule(({ builder, node, cotangent: g, inputs: [x], outputs: [y], shapeOf }) => {
    const block = intAttribute(node, 'blocksize', 1);
    const [images, channels, height, width] = shapeOf(y);
    const depthFirst = stringAttribute(node, 'mode', 'DCR') === 'DCR';
    return [
      () => {
        const split = builder.reshape(g, [images, channels, height / block, block, width / block, block]);
        return builder.reshape(builder.transpose(split, depthFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]), shapeOf(x));
      },
    ];
  }),

  SpaceToDepth: rule(({ builder, node, cotangent: g, inputs: [x], shapeOf }) => {
    const block = intAttribute(node, 'blocksize', 1);
    const [images, channels, height, width] = shapeOf(x);
    return [
      () => {
        const split = builder.reshape(g, [images, block, block, channels, height / block, width / block]);
        return builder.reshape(builder.transpose(split, [0, 3, 4, 1, 5, 2]), shapeOf(x));
      },
    ];
  }),
};
