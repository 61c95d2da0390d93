import { sigmoid, silu } from '../activations.js';
import { constant, heNormal, type Initialisation, uniformByOutputs } from '../init.js';
import type { Layers, Maps } from '../layers.js';
import { type Architecture, assembleNetwork, roundChannels, sized } from './architecture.js';
import { convNorm, squeezeExcitation } from './mobile.js';
import { countBlocks, readSizes } from './read-sizes.js';

const initialisation: Initialisation = {
  conv: heNormal('out'),
  convBias: constant(0),
  linear: uniformByOutputs,
  linearBias: constant(0),
};

/** Expansion, kernel, stride of the first block, output channels and blocks of each stage of B0. */
const STAGES = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;
const STEM = 32;
/** Channels of the last convolution, in multiples of those it reads. */
const LAST = 4;

interface Block {
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: number;
  readonly to: number;
}

/** Expansion, depthwise convolution, gate from a quarter of the block's input channels, projection. */
function mbConv(layers: Layers, x: Maps, path: string, { expansion, kernel, stride, to }: Block): Maps {
  const [from] = x.shape;
  const expanded = roundChannels(from * expansion);
  let index = 0;
  let inner = x;
  if (expanded !== from) inner = convNorm(layers, inner, `${path}.block.${index++}`, { to: expanded, kernel: 1 }, silu);
  inner = convNorm(layers, inner, `${path}.block.${index++}`, { to: expanded, kernel, stride, groups: expanded }, silu);
  inner = squeezeExcitation(layers, inner, `${path}.block.${index++}`, {
    narrow: Math.max(1, Math.floor(from / 4)),
    inner: silu,
    outer: sigmoid,
  });
  inner = convNorm(layers, inner, `${path}.block.${index}`, { to, kernel: 1 });
  return stride === 1 && from === to ? layers.add(inner, x) : inner;
}

/** @param factors of B0's channels and blocks. */
function efficientNetOf(variant: number, factors: { width: number; depth: number }): Architecture {
  const architecture = {
    name: `efficientnet_b${variant}`,
    width: roundChannels(STEM * factors.width),
    depths: STAGES.map(([, , , , blocks]) => Math.ceil(blocks * factors.depth)),
  };
  return {
    ...architecture,
    title: `EfficientNet-B${variant}`,
    summary: 'Inverted residual blocks whose depth and width grow together.',
    paper: {
      title: 'EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks',
      authors: 'Tan, Le',
      venue: 'ICML',
      year: 2019,
    },
    source: 'torchvision',
    imageShape: [3, 224, 224],
    build(options) {
      const { name, width, depths } = sized(architecture, options, { least: STAGES.length, most: STAGES.length });
      const factor = (factors.width * width) / architecture.width;
      return assembleNetwork(name, options, initialisation, (network, image) => {
        let x = convNorm(network, image, 'features.0', { to: roundChannels(STEM * factor), stride: 2 }, silu);
        STAGES.forEach(([expansion, kernel, stride, channels], stage) => {
          for (let block = 0; block < depths[stage]; block++) {
            const sizes = { expansion, kernel, stride: block === 0 ? stride : 1, to: roundChannels(channels * factor) };
            x = mbConv(network, x, `features.${stage + 1}.${block}`, sizes);
          }
        });
        const last = { to: LAST * x.shape[0], kernel: 1 };
        x = convNorm(network, x, `features.${STAGES.length + 1}`, last, silu);
        return network.linear(network.globalAveragePool(x), 'classifier.1', options.classes);
      });
    },
    read(shapes) {
      const sizes = readSizes(shapes, { stem: 'features.0.0.weight', head: 'classifier.1.weight' });
      const depths = countBlocks(shapes, /^features\.(\d+)\.(\d+)\.block\./);
      return { ...sizes, ...(depths.length > 0 && { depths }) };
    },
  };
}

export const efficientNets: readonly Architecture[] = [
  efficientNetOf(0, { width: 1, depth: 1 }),
  efficientNetOf(3, { width: 1.2, depth: 1.4 }),
];
