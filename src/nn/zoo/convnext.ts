import { gelu } from '../activations.js';
import { constant, type Initialisation, normal } from '../init.js';
import type { Layers, Maps } from '../layers.js';
import { applyEach, channelNorm, layerNorm, linearEach, mapsOf, tokensOf } from '../tokens.js';
import { type Architecture, assembleNetwork, sized } from './architecture.js';
import { readSizes } from './read-sizes.js';

const initialisation: Initialisation = {
  conv: normal(0.02),
  convBias: constant(0),
  linear: normal(0.02),
  linearBias: constant(0),
};

/** What a block adds is multiplied by this at first, so that a fresh network is nearly the identity. */
const LAYER_SCALE = 1e-6;

/** Filters each map by itself, then mixes the channels of each position in a layer four times as wide. */
function block(layers: Layers, x: Maps, path: string): Maps {
  const [width, height, across] = x.shape;
  const scale = layers.parameter(`${path}.layer_scale`, [width, 1, 1], constant(LAYER_SCALE));
  const filtered = layers.conv(x, `${path}.block.0`, { to: width, kernel: 7, groups: width, bias: true });
  const tokens = layerNorm(layers, tokensOf(layers, filtered), `${path}.block.2`);
  const hidden = applyEach(layers, linearEach(layers, tokens, `${path}.block.3`, 4 * width), gelu);
  const mixed = mapsOf(layers, linearEach(layers, hidden, `${path}.block.5`, width), [height, across]);
  return layers.add({ ...mixed, value: layers.builder.mul(mixed.value, scale) }, x);
}

const architecture = { name: 'convnext_tiny', width: 96, depths: [3, 3, 9, 3] };

export const convNextTiny: Architecture = {
  ...architecture,
  title: 'ConvNeXt-T',
  summary: 'Convolutional network built like a vision transformer: patches, depthwise 7 x 7 convolutions, layer normalisation.',
  paper: {
    title: 'A ConvNet for the 2020s',
    authors: 'Liu, Mao, Wu, Feichtenhofer, Darrell, Xie',
    venue: 'CVPR',
    year: 2022,
  },
  source: 'torchvision',
  imageShape: [3, 224, 224],
  build(options) {
    const { name, width, depths } = sized(architecture, options);
    return assembleNetwork(name, options, initialisation, (layers, image) => {
      let x = layers.conv(image, 'features.0.0', { to: width, kernel: 4, stride: 4, pad: 0, bias: true });
      x = channelNorm(layers, x, 'features.0.1');
      // Stages are the odd modules of `features`, the steps between them the even ones.
      depths.forEach((blocks, stage) => {
        if (stage > 0) {
          const path = `features.${2 * stage}`;
          const to = width * 2 ** stage;
          x = layers.conv(channelNorm(layers, x, `${path}.0`), `${path}.1`, { to, kernel: 2, stride: 2, pad: 0, bias: true });
        }
        for (let index = 0; index < blocks; index++) x = block(layers, x, `features.${2 * stage + 1}.${index}`);
      });
      const pooled = channelNorm(layers, layers.squeeze(x), 'classifier.0');
      return layers.linear(layers.flatten(pooled), 'classifier.2', options.classes);
    });
  },
  read: (shapes) =>
    readSizes(shapes, { stem: 'features.0.0.weight', head: 'classifier.2.weight', block: /^features\.(\d+)\.(\d+)\.layer_scale$/ }),
};
