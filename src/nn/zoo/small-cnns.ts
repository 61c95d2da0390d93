import { pytorchDefaults } from '../init.js';
import { type Architecture, assembleNetwork, type Shapes, sized } from './architecture.js';
import { readSizes } from './read-sizes.js';

const twoConvolutions = { name: 'cnn_2conv', width: 16 };

/** Two convolutions of 5 x 5, each before an average pool of 2 x 2, and two linear layers. */
export const cnn2Conv: Architecture = {
  ...twoConvolutions,
  title: 'CNN of 2 convolutions',
  summary: 'Two 5 x 5 convolutions with average pooling and two linear layers, as the first backdoors were planted in.',
  paper: {
    title: 'BadNets: Identifying Vulnerabilities in the Machine Learning Model Supply Chain',
    authors: 'Gu, Dolan-Gavitt, Garg',
    venue: 'arXiv:1708.06733',
    year: 2017,
  },
  source: 'badnets-pytorch',
  imageShape: [3, 32, 32],
  build(options) {
    const { name, width } = sized(twoConvolutions, options);
    return assembleNetwork(name, options, pytorchDefaults, (layers, image) => {
      const convolve = { kernel: 5, pad: 0, bias: true };
      const first = layers.relu(layers.conv(image, 'conv1.0', { to: width, ...convolve }));
      const second = layers.relu(layers.conv(layers.averagePool(first, { kernel: 2 }), 'conv2.0', { to: 2 * width, ...convolve }));
      const features = layers.flatten(layers.averagePool(second, { kernel: 2 }));
      return layers.linear(layers.relu(layers.linear(features, 'fc1.0', 32 * width)), 'fc2.0', options.classes);
    });
  },
  read(shapes) {
    const sizes = readSizes(shapes, { stem: 'conv1.0.weight', head: 'fc2.0.weight' });
    const imageSize = imageSizeOf(shapes);
    return { ...sizes, ...(imageSize !== undefined && { imageSize }) };
  },
};

/** The linear layer reads maps of side ((s - 4)/2 - 4)/2. */
function imageSizeOf(shapes: Shapes): number | undefined {
  const [maps] = shapes.get('conv2.0.weight') ?? [];
  const [, features] = shapes.get('fc1.0.weight') ?? [];
  if (maps === undefined || features === undefined) return undefined;
  return 2 * (2 * Math.sqrt(features / maps) + 4) + 4;
}

const fiveConvolutions = { name: 'cnn_5conv', width: 64 };

/** Places of the convolutions in `features`, how much wider than the first they are, and whether a pool follows. */
const convolutions = [
  [0, 1, false],
  [3, 1, true],
  [7, 2, false],
  [10, 2, true],
  [14, 4, false],
] as const;

/** Five convolutions of 3 x 3 with normalisation, and two linear layers. */
export const cnn5Conv: Architecture = {
  ...fiveConvolutions,
  title: 'CNN of 5 convolutions',
  summary: 'Five 3 x 3 convolutions with batch normalisation, two of them before a pool, and two linear layers.',
  source: 'ml-model-backdoor',
  imageShape: [3, 32, 32],
  build(options) {
    const { name, width } = sized(fiveConvolutions, options);
    return assembleNetwork(name, options, pytorchDefaults, (layers, image) => {
      let x = image;
      for (const [place, factor, pooled] of convolutions) {
        x = layers.conv(x, `features.${place}`, { to: factor * width, bias: true });
        x = layers.relu(layers.batchNorm(x, `features.${place + 1}`));
        if (pooled) x = layers.maxPool(x, { kernel: 2 });
      }
      const hidden = layers.relu(layers.linear(layers.globalAveragePool(x), 'classifier.1', 2 * width));
      return layers.linear(hidden, 'classifier.4', options.classes);
    });
  },
  read: (shapes) => readSizes(shapes, { stem: 'features.0.weight', head: 'classifier.4.weight' }),
};
