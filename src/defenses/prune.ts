import { cloneTensor, full, type Tensor } from '../core/tensor.js';
import { type Classifier, withParameters } from '../nn/classifier.js';
import type { ConvLayer } from '../nn/feature-maps.js';
import type { Masks } from '../train/step.js';

/** Channels to prune by the name of their convolution. */
export type Selection = Readonly<Record<string, readonly number[]>>;

/** A classifier with some feature maps silenced, and masks that keep them so while it is trained on. */
export interface Pruned {
  readonly classifier: Classifier;
  readonly masks: Masks;
}

/**
 * Silences feature maps: the filter and the bias of the channel become zero. Where a batch normalisation is the only
 * reader of the convolution, its scale and shift become zero too, so that nothing of the map is left behind it; a
 * normalisation that reads a sum or a concatenation belongs to other maps as well and is left alone.
 */
export function prune(classifier: Classifier, layers: readonly ConvLayer[], selection: Selection): Pruned {
  const masks: Record<string, Tensor<'float32'>> = {};
  for (const layer of layers) {
    const channels = selection[layer.name] ?? [];
    if (channels.length === 0) continue;
    for (const name of [layer.weight, layer.bias, layer.norm?.scale, layer.norm?.shift]) {
      if (name !== undefined) masks[name] = channelMask(classifier.graph.initializers.get(name) as Tensor, channels, masks[name]);
    }
  }
  const silenced = Object.entries(masks).map(([name, mask]) => [name, masked(classifier.graph.initializers.get(name) as Tensor, mask)]);
  return { classifier: withParameters(classifier, Object.fromEntries(silenced)), masks };
}

/** Ones with zeros at the given positions of the first axis, on top of an earlier mask of a shared parameter. */
function channelMask({ dims }: Tensor, channels: readonly number[], earlier?: Tensor<'float32'>): Tensor<'float32'> {
  const mask = earlier ?? full(dims, 1);
  const stride = mask.data.length / dims[0];
  for (const channel of channels) mask.data.fill(0, channel * stride, (channel + 1) * stride);
  return mask;
}

function masked(value: Tensor, mask: Tensor<'float32'>): Tensor {
  const copy = cloneTensor(value as Tensor<'float32'>);
  // Multiplying would leave -0 behind.
  for (let i = 0; i < copy.data.length; i++) if (mask.data[i] === 0) copy.data[i] = 0;
  return copy;
}
