import { ints } from '../../attributes.js';
import { intsAttribute } from '../../graph.js';
import type { UpgradeTable } from './upgrade.js';

/** What Conv says of each axis, and what it says of one that the kernel does not move along. */
const settings = { kernel_shape: 1, strides: 1, dilations: 1, pads: 0 };

/** Convolutions over one axis, such as those along the channels of an attention, are taken for those over two, of which one has size 1. */
export const convolution: UpgradeTable = {
  Conv: ({ node, builder, constantOf }) => {
    const [x, weight, ...bias] = node.inputs;
    if (constantOf(weight)?.dims.length !== 3) return undefined;
    const attributes = { ...node.attributes };
    for (const [name, still] of Object.entries(settings)) {
      const stated = intsAttribute(node, name);
      if (stated) attributes[name] = ints(stated.flatMap((value) => [still, value]));
    }
    const between = builder.integers([2]);
    // The weight stays one of the file, under a name that begins as its own.
    const [kernel] = builder.op('Unsqueeze', [weight, between], {}, 1, `${weight}/row`);
    const [y] = builder.op('Conv', [builder.unsqueeze(x, [2]), kernel, ...bias], attributes, 1, node.name || undefined);
    return { ...node, name: '', opType: 'Squeeze', inputs: [y, between], attributes: {} };
  },
};
