import { adaptiveAveragePool } from '../adaptive-pool.js';
import { constant, heNormal, type Initialisation, normal } from '../init.js';
import { type Architecture, assembleNetwork, type Shapes, sized } from './architecture.js';

/** Channels of each stage as multiples of those of the first. */
const STAGES = [1, 2, 4, 8, 8] as const;
/** Side of the maps that the linear layers read. */
const POOLED = 7;
/** Units of the hidden linear layers for each channel of the first stage: 4096 for 64. */
const HIDDEN = 64;

const initialisation: Initialisation = {
  conv: heNormal('out'),
  convBias: constant(0),
  linear: normal(0.01),
  linearBias: constant(0),
};

/** Stages of 3 x 3 convolutions with a pool behind each; three linear layers read 7 x 7 maps, whatever the size of the image. */
function vggOf(layers: number, depths: readonly number[], norm: boolean): Architecture {
  const architecture = { name: `vgg${layers}${norm ? '_bn' : ''}`, width: 64, depths };
  return {
    ...architecture,
    title: `VGG-${layers}${norm ? ' with batch normalisation' : ''}`,
    summary: `Plain stack of 3 x 3 convolutions${norm ? ', each normalised,' : ''} under three linear layers.`,
    paper: {
      title: 'Very Deep Convolutional Networks for Large-Scale Image Recognition',
      authors: 'Simonyan, Zisserman',
      venue: 'ICLR',
      year: 2015,
    },
    source: 'torchvision',
    imageShape: [3, 224, 224],
    build(options) {
      const { name, width, depths: chosen } = sized(architecture, options, { least: 1, most: STAGES.length });
      return assembleNetwork(name, options, initialisation, (network, image) => {
        let x = image;
        let index = 0;
        chosen.forEach((convolutions, stage) => {
          for (let i = 0; i < convolutions; i++) {
            x = network.conv(x, `features.${index}`, { to: width * STAGES[stage], bias: true });
            if (norm) x = network.batchNorm(x, `features.${index + 1}`);
            x = network.relu(x);
            index += norm ? 3 : 2;
          }
          x = network.maxPool(x, { kernel: 2 });
          index++;
        });
        const features = network.flatten(adaptiveAveragePool(network, x, POOLED));
        const first = network.relu(network.linear(features, 'classifier.0', HIDDEN * width));
        const second = network.relu(network.linear(first, 'classifier.3', HIDDEN * width));
        return network.linear(second, 'classifier.6', options.classes);
      });
    },
    read: (shapes) => readSizes(shapes, norm ? 3 : 2),
  };
}

/** Stages are counted by the pools between them, which leave one number out. @param step numbers that a convolution takes. */
function readSizes(shapes: Shapes, step: number) {
  const [width, channels] = shapes.get('features.0.weight') ?? [];
  const [classes] = shapes.get('classifier.6.weight') ?? [];
  const depths: number[] = [];
  for (let index = 0; shapes.has(`features.${index}.weight`); index++) {
    let count = 0;
    for (; shapes.get(`features.${index}.weight`)?.length === 4; index += step) count++;
    depths.push(count);
  }
  return {
    ...(width !== undefined && { width }),
    ...(channels !== undefined && { channels }),
    ...(classes !== undefined && { classes }),
    ...(depths.length > 0 && { depths }),
  };
}

const family = [
  [11, [1, 1, 2, 2, 2]],
  [16, [2, 2, 3, 3, 3]],
  [19, [2, 2, 4, 4, 4]],
] as const;

export const vggs: readonly Architecture[] = family.flatMap(([layers, depths]) => [
  vggOf(layers, depths, false),
  vggOf(layers, depths, true),
]);
