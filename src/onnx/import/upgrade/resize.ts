import { float32 } from '../../../core/tensor.js';
import { string } from '../../attributes.js';
import { stringAttribute } from '../../graph.js';
import { NotSupported, type UpgradeContext, type UpgradeTable, without } from './upgrade.js';

/** Operators that change the size of an image, as the one of operator set 18. */
export const resizing: UpgradeTable = {
  // Operator sets 7 (scales as an attribute) and 9 (as an input).
  Upsample: (context) => {
    const { node, builder } = context;
    const held = node.attributes.scales;
    const scales = held?.kind === 'floats' ? builder.constant(float32([held.value.length], held.value)) : node.inputs[1];
    return [old(context, scales)];
  },

  Resize: (context) => {
    const { node, opset, constantOf } = context;
    if (opset < 11) return [old(context, node.inputs[1])];
    const coordinates = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel');
    if (coordinates === 'tf_half_pixel_for_nn' || coordinates === 'half_pixel_symmetric') {
      throw new NotSupported(`coordinates '${coordinates}' are not supported`);
    }
    // Operator set 11 writes an input that is left out as an empty tensor.
    const present = (value: string) => (constantOf(value)?.data.length === 0 ? '' : value);
    return { ...node, inputs: node.inputs.map((value, i) => (i === 0 ? value : present(value))) };
  },
};

/** Until operator set 10, pixels were read at the position times the scale, and the nearest was the one before. */
function old({ node, builder }: UpgradeContext, scales: string): string {
  const asBefore = { coordinate_transformation_mode: string('asymmetric'), nearest_mode: string('floor') };
  return builder.op('Resize', [node.inputs[0], '', scales], { ...without(node, 'scales', 'height_scale', 'width_scale'), ...asBefore })[0];
}
