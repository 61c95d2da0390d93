import type { Classifier } from '../classifier.js';
import { pytorchDefaults } from '../init.js';
import type { Layers, Maps } from '../layers.js';
import { type Architecture, assembleNetwork, type BuildOptions } from './architecture.js';
import { readSizes } from './read-sizes.js';

export interface PreActResNetOptions extends BuildOptions {
  /** Channels of the first stage; each later stage has twice as many as the one before. Default 64. */
  readonly width?: number;
  /** Blocks in each stage; every stage but the first begins by halving height and width. Default [2, 2, 2, 2], the 18 layers. */
  readonly depths?: readonly number[];
  /** Two 3 x 3 convolutions, or a 3 x 3 convolution between two of 1 x 1, the second of which makes four times the channels. Default `basic`. */
  readonly block?: 'basic' | 'bottleneck';
}

/** How many times the channels of its stage a bottleneck block gives. */
const EXPANSION = 4;

/**
 * Pre-activation residual network as BackdoorBench builds it: 3 x 3 stem without normalisation, each convolution of a block
 * behind BN and ReLU, a 1 x 1 convolution on the shortcut where the shape changes, and no normalisation before the average
 * pool. Parameters have PyTorch's names, so state dictionaries go both ways.
 */
export function preActResNet(options: PreActResNetOptions): Classifier {
  const { classes, width = 64, depths = [2, 2, 2, 2], block = 'basic' } = options;
  const name = `preactresnet-${block === 'basic' ? '' : `${block}-`}w${width}-d${depths.join('.')}`;
  return assembleNetwork(name, options, pytorchDefaults, (layers, image) => {
    let x = layers.conv(image, 'conv1', { to: width });
    depths.forEach((blocks, stage) => {
      for (let index = 0; index < blocks; index++) {
        const stride = index === 0 && stage > 0 ? 2 : 1;
        x = preActBlock(layers, x, `layer${stage + 1}.${index}`, width * 2 ** stage, stride, block);
      }
    });
    return layers.linear(layers.globalAveragePool(x), 'linear', classes);
  });
}

/** The shortcut's convolution reads the activated input, the identity shortcut the raw one; it runs before `conv1`. */
function preActBlock(layers: Layers, x: Maps, path: string, width: number, stride: number, kind: 'basic' | 'bottleneck'): Maps {
  const to = kind === 'basic' ? width : EXPANSION * width;
  const activate = (maps: Maps, norm: string) => layers.relu(layers.batchNorm(maps, `${path}.${norm}`));
  const activated = activate(x, 'bn1');
  const changed = stride !== 1 || x.shape[0] !== to;
  const shortcut = changed ? layers.conv(activated, `${path}.shortcut.0`, { to, kernel: 1, stride }) : x;
  const convolve = (maps: Maps, name: string, options: { to: number; kernel?: number; stride?: number }) =>
    layers.conv(maps, `${path}.${name}`, options);
  if (kind === 'basic') {
    const inner = convolve(activated, 'conv1', { to: width, stride });
    return layers.add(convolve(activate(inner, 'bn2'), 'conv2', { to }), shortcut);
  }
  const narrow = convolve(activated, 'conv1', { to: width, kernel: 1 });
  const inner = convolve(activate(narrow, 'bn2'), 'conv2', { to: width, stride });
  return layers.add(convolve(activate(inner, 'bn3'), 'conv3', { to, kernel: 1 }), shortcut);
}

function preActResNetOf(layers: number, depths: readonly number[], block: 'basic' | 'bottleneck'): Architecture {
  return {
    name: `preactresnet${layers}`,
    title: `PreActResNet-${layers}`,
    summary: 'Residual network for small images, normalisation and activation in front of each convolution.',
    paper: {
      title: 'Identity Mappings in Deep Residual Networks',
      authors: 'He, Zhang, Ren, Sun',
      venue: 'ECCV',
      year: 2016,
    },
    source: 'BackdoorBench',
    width: 64,
    depths,
    imageShape: [3, 32, 32],
    build: (options) => preActResNet({ ...options, depths: options.depths ?? depths, block }),
    read: (shapes) => readSizes(shapes, { stem: 'conv1.weight', head: 'linear.weight', block: /^layer(\d+)\.(\d+)\./ }),
  };
}

export const preActResNets: readonly Architecture[] = [
  preActResNetOf(18, [2, 2, 2, 2], 'basic'),
  preActResNetOf(34, [3, 4, 6, 3], 'basic'),
  preActResNetOf(50, [3, 4, 6, 3], 'bottleneck'),
];
