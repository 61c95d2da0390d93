import { UserError } from '../../core/errors.js';
import { constant, heNormal, type Initialisation, pytorchDefaults } from '../init.js';
import type { Layers, Maps } from '../layers.js';
import { type Architecture, assembleNetwork, sized } from './architecture.js';
import { countBlocks, readSizes } from './read-sizes.js';

/** Channels of a layer's 1 x 1 convolution, in multiples of those it adds. */
const BOTTLENECK = 4;

const initialisation: Initialisation = { ...pytorchDefaults, conv: heNormal('in'), linearBias: constant(0) };

function activated(layers: Layers, x: Maps, norm: string): Maps {
  return layers.relu(layers.batchNorm(x, norm));
}

/** Each layer reads all maps before it and puts `growth` more behind them. */
function denseBlock(layers: Layers, x: Maps, path: string, count: number, growth: number): Maps {
  const parts = [x];
  for (let i = 1; i <= count; i++) {
    const layer = `${path}.denselayer${i}`;
    const narrow = layers.conv(activated(layers, layers.concat(parts), `${layer}.norm1`), `${layer}.conv1`, {
      to: BOTTLENECK * growth,
      kernel: 1,
    });
    parts.push(layers.conv(activated(layers, narrow, `${layer}.norm2`), `${layer}.conv2`, { to: growth }));
  }
  return layers.concat(parts);
}

/** Halves channels, height and width. */
function transition(layers: Layers, x: Maps, path: string): Maps {
  const narrow = layers.conv(activated(layers, x, `${path}.norm`), `${path}.conv`, { to: Math.floor(x.shape[0] / 2), kernel: 1 });
  return layers.averagePool(narrow, { kernel: 2 });
}

/** The width is the channels of the stem; a layer adds half as many. */
function denseNetOf(layers: number, width: number, depths: readonly number[]): Architecture {
  const architecture = { name: `densenet${layers}`, width, depths };
  return {
    ...architecture,
    title: `DenseNet-${layers}`,
    summary: 'Each layer reads the feature maps of all layers before it.',
    paper: {
      title: 'Densely Connected Convolutional Networks',
      authors: 'Huang, Liu, van der Maaten, Weinberger',
      venue: 'CVPR',
      year: 2017,
    },
    source: 'torchvision',
    imageShape: [3, 224, 224],
    build(options) {
      const { name, ...size } = sized(architecture, options);
      if (size.width % 2 !== 0) throw new UserError(`'${architecture.name}' has an even width, not ${size.width}; choose another`);
      return assembleNetwork(name, options, initialisation, (network, image) => {
        const first = network.conv(image, 'features.conv0', { to: size.width, kernel: 7, stride: 2 });
        let x = network.maxPool(activated(network, first, 'features.norm0'), { kernel: 3, stride: 2, pad: 1 });
        size.depths.forEach((count, block) => {
          x = denseBlock(network, x, `features.denseblock${block + 1}`, count, size.width / 2);
          if (block < size.depths.length - 1) x = transition(network, x, `features.transition${block + 1}`);
        });
        const features = network.globalAveragePool(activated(network, x, 'features.norm5'));
        return network.linear(features, 'classifier', options.classes);
      });
    },
    read(shapes) {
      const sizes = readSizes(shapes, { stem: 'features.conv0.weight', head: 'classifier.weight' });
      const blocks = countBlocks(shapes, /^features\.denseblock(\d+)\.denselayer(\d+)\./);
      return { ...sizes, ...(blocks.length > 0 && { depths: blocks }) };
    },
    rename: (name) => name.replace(/(denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.'),
  };
}

export const denseNets: readonly Architecture[] = [denseNetOf(121, 64, [6, 12, 24, 16]), denseNetOf(161, 96, [6, 12, 36, 24])];
