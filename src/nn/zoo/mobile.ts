import { relu } from '../activations.js';
import { constant, heNormal, type Initialisation, normal, pytorchDefaults } from '../init.js';
import type { Activation, ConvOptions, Layers, Maps, NormOptions } from '../layers.js';

/** How both mobile networks begin in torchvision. */
export const mobileInitialisation: Initialisation = {
  ...pytorchDefaults,
  conv: heNormal('out'),
  convBias: constant(0),
  linear: normal(0.01),
  linearBias: constant(0),
};

/** Convolution `path`.0, normalisation `path`.1, and an activation where one is given. */
export function convNorm(layers: Layers, x: Maps, path: string, options: ConvOptions, activation?: Activation, norm?: NormOptions): Maps {
  const normalised = layers.batchNorm(layers.conv(x, `${path}.0`, options), `${path}.1`, norm);
  return activation ? layers.apply(normalised, activation) : normalised;
}

/** What the gate of a channel is computed with. */
export interface GateOptions {
  /** Channels in between. */
  readonly narrow: number;
  readonly inner?: Activation;
  readonly outer: Activation;
}

/** Squeeze and excitation (Hu et al., CVPR 2018): multiplies each channel by a number that follows from the means of all. */
export function squeezeExcitation(layers: Layers, x: Maps, path: string, { narrow, inner = relu, outer }: GateOptions): Maps {
  const one = { kernel: 1, bias: true };
  const hidden = layers.apply(layers.conv(layers.squeeze(x), `${path}.fc1`, { to: narrow, ...one }), inner);
  return layers.scale(x, layers.apply(layers.conv(hidden, `${path}.fc2`, { to: x.shape[0], ...one }), outer));
}
