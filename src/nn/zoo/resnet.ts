import { heNormal, type Initialisation, pytorchDefaults } from '../init.js';
import type { Layers, Maps } from '../layers.js';
import { type Architecture, assembleNetwork, sized } from './architecture.js';
import { readSizes } from './read-sizes.js';

/** How many times the channels of its stage a bottleneck block gives. */
const EXPANSION = 4;

/** In what the residual networks for large and for small images differ. */
interface Style {
  readonly suffix: string;
  readonly summary: string;
  readonly source: string;
  readonly imageShape: readonly [number, number, number];
  /** `imagenet`: 7 x 7 with stride 2 and a pool; `cifar`: 3 x 3, the size stays. */
  readonly stem: 'imagenet' | 'cifar';
  /** Names of modules. */
  readonly shortcut: string;
  readonly head: string;
  readonly initialisation: Initialisation;
}

const imagenet: Style = {
  suffix: '',
  summary: 'Residual network that makes images four times smaller before its first block.',
  source: 'torchvision',
  imageShape: [3, 224, 224],
  stem: 'imagenet',
  shortcut: 'downsample',
  head: 'fc',
  initialisation: { ...pytorchDefaults, conv: heNormal('out') },
};

const cifar: Style = {
  suffix: '_cifar',
  summary: 'Residual network whose first blocks see small images in full size.',
  source: 'pytorch-cifar',
  imageShape: [3, 32, 32],
  stem: 'cifar',
  shortcut: 'shortcut',
  head: 'linear',
  initialisation: pytorchDefaults,
};

/** Two 3 x 3 convolutions, or a 3 x 3 convolution between two of 1 x 1; ReLU comes after the sum. */
function residualBlock(layers: Layers, x: Maps, path: string, width: number, stride: number, { bottleneck, shortcut }: BlockKind): Maps {
  const to = bottleneck ? EXPANSION * width : width;
  const step = (maps: Maps, number: number, options: { to: number; kernel?: number; stride?: number }) =>
    layers.batchNorm(layers.conv(maps, `${path}.conv${number}`, options), `${path}.bn${number}`);
  let inner: Maps;
  if (bottleneck) {
    inner = layers.relu(step(x, 1, { to: width, kernel: 1 }));
    inner = step(layers.relu(step(inner, 2, { to: width, stride })), 3, { to, kernel: 1 });
  } else {
    inner = step(layers.relu(step(x, 1, { to: width, stride })), 2, { to });
  }
  const changed = stride !== 1 || x.shape[0] !== to;
  const aside = changed ? layers.batchNorm(layers.conv(x, `${path}.${shortcut}.0`, { to, kernel: 1, stride }), `${path}.${shortcut}.1`) : x;
  return layers.relu(layers.add(inner, aside));
}

interface BlockKind {
  readonly bottleneck: boolean;
  readonly shortcut: string;
}

function resNetOf(layers: number, depths: readonly number[], bottleneck: boolean, style: Style): Architecture {
  const architecture = { name: `resnet${layers}${style.suffix}`, width: 64, depths };
  return {
    ...architecture,
    title: `ResNet-${layers}${style.stem === 'cifar' ? ' (CIFAR)' : ''}`,
    summary: style.summary,
    paper: { title: 'Deep Residual Learning for Image Recognition', authors: 'He, Zhang, Ren, Sun', venue: 'CVPR', year: 2016 },
    source: style.source,
    imageShape: style.imageShape,
    build(options) {
      const { name, ...size } = sized(architecture, options);
      const stem = options.details?.stem ?? style.stem;
      return assembleNetwork(name, options, style.initialisation, (network, image) => {
        const large = stem === 'imagenet';
        const first = network.conv(image, 'conv1', { to: size.width, kernel: large ? 7 : 3, stride: large ? 2 : 1 });
        let x = network.relu(network.batchNorm(first, 'bn1'));
        if (large) x = network.maxPool(x, { kernel: 3, stride: 2, pad: 1 });
        size.depths.forEach((blocks, stage) => {
          for (let block = 0; block < blocks; block++) {
            const stride = block === 0 && stage > 0 ? 2 : 1;
            const kind = { bottleneck, shortcut: style.shortcut };
            x = residualBlock(network, x, `layer${stage + 1}.${block}`, size.width * 2 ** stage, stride, kind);
          }
        });
        return network.linear(network.globalAveragePool(x), style.head, options.classes);
      });
    },
    read(shapes) {
      const sizes = readSizes(shapes, { stem: 'conv1.weight', head: `${style.head}.weight`, block: /^layer(\d+)\.(\d+)\./ });
      const kernel = shapes.get('conv1.weight')?.[2];
      // torchvision's network is often given a stem for small images, and then loses its pool as well.
      const stem = kernel === 3 ? 'cifar' : kernel === 7 ? 'imagenet' : undefined;
      return { ...sizes, ...(stem !== undefined && stem !== style.stem && { details: { stem } }) };
    },
  };
}

const family = [
  [18, [2, 2, 2, 2], false],
  [34, [3, 4, 6, 3], false],
  [50, [3, 4, 6, 3], true],
] as const;

export const resNets: readonly Architecture[] = [imagenet, cifar].flatMap((style) =>
  family.map(([layers, depths, bottleneck]) => resNetOf(layers, depths, bottleneck, style)),
);
