import { relu6 } from '../activations.js';
import type { Layers, Maps } from '../layers.js';
import { type Architecture, assembleNetwork, roundChannels, sized } from './architecture.js';
import { convNorm, mobileInitialisation } from './mobile.js';

/** Expansion, output channels, stride of the first block, of each stage. */
const STAGES = [
  [1, 16, 1],
  [6, 24, 2],
  [6, 32, 2],
  [6, 64, 2],
  [6, 96, 1],
  [6, 160, 2],
  [6, 320, 1],
] as const;
const HEAD = 1280;

/** 1 x 1 expansion (none at 1), 3 x 3 depthwise, 1 x 1 projection without activation. */
function invertedResidual(layers: Layers, x: Maps, path: string, expansion: number, to: number, stride: number): Maps {
  const hidden = x.shape[0] * expansion;
  let index = 0;
  let inner = x;
  if (expansion !== 1) inner = convNorm(layers, inner, `${path}.conv.${index++}`, { to: hidden, kernel: 1 }, relu6);
  inner = convNorm(layers, inner, `${path}.conv.${index++}`, { to: hidden, stride, groups: hidden }, relu6);
  inner = layers.batchNorm(layers.conv(inner, `${path}.conv.${index}`, { to, kernel: 1 }), `${path}.conv.${index + 1}`);
  return stride === 1 && x.shape[0] === to ? layers.add(x, inner) : inner;
}

const architecture = { name: 'mobilenet_v2', width: 32, depths: [1, 2, 3, 4, 3, 3, 1] };

/** Inverted residual blocks. `width` multiplies all channels, rounded to multiples of 8; the head never has less than 1280. */
export const mobileNetV2: Architecture = {
  ...architecture,
  title: 'MobileNetV2',
  summary: 'Small network of depthwise convolutions between a widening and a narrowing one.',
  paper: {
    title: 'MobileNetV2: Inverted Residuals and Linear Bottlenecks',
    authors: 'Sandler, Howard, Zhu, Zhmoginov, Chen',
    venue: 'CVPR',
    year: 2018,
  },
  source: 'torchvision',
  imageShape: [3, 224, 224],
  build(options) {
    const { name, width, depths } = sized(architecture, options, { least: STAGES.length, most: STAGES.length });
    const factor = width / architecture.width;
    return assembleNetwork(name, options, mobileInitialisation, (network, image) => {
      let x = convNorm(network, image, 'features.0', { to: roundChannels(width), stride: 2 }, relu6);
      let index = 1;
      STAGES.forEach(([expansion, channels, stride], stage) => {
        for (let block = 0; block < depths[stage]; block++) {
          const to = roundChannels(channels * factor);
          x = invertedResidual(network, x, `features.${index++}`, expansion, to, block === 0 ? stride : 1);
        }
      });
      const head = roundChannels(HEAD * Math.max(1, factor));
      x = convNorm(network, x, `features.${index}`, { to: head, kernel: 1 }, relu6);
      return network.linear(network.globalAveragePool(x), 'classifier.1', options.classes);
    });
  },
  read(shapes) {
    const [width, channels] = shapes.get('features.0.0.weight') ?? [];
    const [classes] = shapes.get('classifier.1.weight') ?? [];
    return {
      ...(width !== undefined && { width }),
      ...(channels !== undefined && { channels }),
      ...(classes !== undefined && { classes }),
    };
  },
};
