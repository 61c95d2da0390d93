import { hardSigmoid, hardSwish, relu } from '../activations.js';
import type { Activation, Layers, Maps } from '../layers.js';
import { type Architecture, assembleNetwork, roundChannels, sized } from './architecture.js';
import { convNorm, mobileInitialisation, squeezeExcitation } from './mobile.js';

interface Block {
  readonly kernel: number;
  readonly expanded: number;
  readonly to: number;
  readonly squeeze: boolean;
  readonly activation: Activation;
  readonly stride: number;
}

const norm = { epsilon: 1e-3, momentum: 0.01 };

/** Kernel, expanded channels, output channels, squeeze-and-excitation, activation, stride (table 1 of the paper). */
const large: readonly Block[] = (
  [
    [3, 16, 16, false, relu, 1],
    [3, 64, 24, false, relu, 2],
    [3, 72, 24, false, relu, 1],
    [5, 72, 40, true, relu, 2],
    [5, 120, 40, true, relu, 1],
    [5, 120, 40, true, relu, 1],
    [3, 240, 80, false, hardSwish, 2],
    [3, 200, 80, false, hardSwish, 1],
    [3, 184, 80, false, hardSwish, 1],
    [3, 184, 80, false, hardSwish, 1],
    [3, 480, 112, true, hardSwish, 1],
    [3, 672, 112, true, hardSwish, 1],
    [5, 672, 160, true, hardSwish, 2],
    [5, 960, 160, true, hardSwish, 1],
    [5, 960, 160, true, hardSwish, 1],
  ] as const
).map(([kernel, expanded, to, squeeze, activation, stride]) => ({ kernel, expanded, to, squeeze, activation, stride }));
/** Channels of the last convolution, in multiples of those it reads. */
const LAST = 6;
const HIDDEN = 1280;

/** Expansion (none where it would change nothing), depthwise convolution, squeeze-and-excitation, projection. */
function invertedResidual(layers: Layers, x: Maps, path: string, { kernel, expanded, to, squeeze, activation, stride }: Block): Maps {
  let index = 0;
  let inner = x;
  if (expanded !== x.shape[0]) inner = convNorm(layers, inner, `${path}.block.${index++}`, { to: expanded, kernel: 1 }, activation, norm);
  inner = convNorm(layers, inner, `${path}.block.${index++}`, { to: expanded, kernel, stride, groups: expanded }, activation, norm);
  if (squeeze) {
    const gate = { narrow: roundChannels(Math.floor(expanded / 4)), outer: hardSigmoid };
    inner = squeezeExcitation(layers, inner, `${path}.block.${index++}`, gate);
  }
  inner = convNorm(layers, inner, `${path}.block.${index}`, { to, kernel: 1 }, undefined, norm);
  return stride === 1 && x.shape[0] === to ? layers.add(inner, x) : inner;
}

const architecture = { name: 'mobilenet_v3_large', width: 16 };

/** `width` multiplies all channels, rounded to multiples of 8. Running statistics take in 1 % of each batch. */
export const mobileNetV3Large: Architecture = {
  ...architecture,
  title: 'MobileNetV3-Large',
  summary: 'Inverted residual blocks with gates for channels, found by search.',
  paper: { title: 'Searching for MobileNetV3', authors: 'Howard et al.', venue: 'ICCV', year: 2019 },
  source: 'torchvision',
  imageShape: [3, 224, 224],
  build(options) {
    const { name, width } = sized(architecture, options);
    const scaled = (channels: number) => roundChannels((channels * width) / architecture.width);
    return assembleNetwork(name, options, mobileInitialisation, (network, image) => {
      let x = convNorm(network, image, 'features.0', { to: scaled(architecture.width), stride: 2 }, hardSwish, norm);
      large.forEach((block, i) => {
        const sizes = { ...block, expanded: scaled(block.expanded), to: scaled(block.to) };
        x = invertedResidual(network, x, `features.${i + 1}`, sizes);
      });
      const last = { to: LAST * x.shape[0], kernel: 1 };
      x = convNorm(network, x, `features.${large.length + 1}`, last, hardSwish, norm);
      const hidden = network.linear(network.globalAveragePool(x), 'classifier.0', scaled(HIDDEN));
      return network.linear(network.apply(hidden, hardSwish), 'classifier.3', options.classes);
    });
  },
  read(shapes) {
    const [width, channels] = shapes.get('features.0.0.weight') ?? [];
    const [classes] = shapes.get('classifier.3.weight') ?? [];
    return {
      ...(width !== undefined && { width }),
      ...(channels !== undefined && { channels }),
      ...(classes !== undefined && { classes }),
    };
  },
};
