import { constant, type Draw, heNormal, pytorchDefaults } from '../init.js';
import type { Layers, Maps } from '../layers.js';
import { type Architecture, assembleNetwork, sized } from './architecture.js';
import { countBlocks, readSizes } from './read-sizes.js';

/** Channels of the first convolution, whatever the width. */
const STEM = 16;

const initialisation = { ...pytorchDefaults, conv: heNormal('out') as Draw, linearBias: constant(0) };

/**
 * Where the number of channels changes, main path and shortcut both start from the activated input; elsewhere the shortcut is
 * the raw input. The shortcut's convolution runs before `conv1`.
 */
function wideBlock(layers: Layers, x: Maps, path: string, to: number, stride: number): Maps {
  const activated = layers.relu(layers.batchNorm(x, `${path}.bn1`));
  const shortcut = x.shape[0] === to ? x : layers.conv(activated, `${path}.convShortcut`, { to, kernel: 1, stride });
  const inner = layers.conv(activated, `${path}.conv1`, { to, stride });
  return layers.add(layers.conv(layers.relu(layers.batchNorm(inner, `${path}.bn2`)), `${path}.conv2`, { to }), shortcut);
}

/** WRN-d-k: three groups of (d - 4)/6 blocks, with 16 k, 32 k and 64 k channels. */
export function wideResNet(depth: number, widening: number): Architecture {
  const blocks = (depth - 4) / 6;
  const architecture = { name: `wrn-${depth}-${widening}`, width: STEM * widening, depths: [blocks, blocks, blocks] };
  return {
    ...architecture,
    title: `WRN-${depth}-${widening}`,
    summary: 'Pre-activation residual network that is wide rather than deep.',
    paper: { title: 'Wide Residual Networks', authors: 'Zagoruyko, Komodakis', venue: 'BMVC', year: 2016 },
    source: 'WideResNet-pytorch',
    imageShape: [3, 32, 32],
    build(options) {
      const { name, width, depths } = sized(architecture, options);
      return assembleNetwork(name, options, initialisation, (layers, image) => {
        let x = layers.conv(image, 'conv1', { to: STEM });
        depths.forEach((count, group) => {
          for (let block = 0; block < count; block++) {
            const stride = block === 0 && group > 0 ? 2 : 1;
            x = wideBlock(layers, x, `block${group + 1}.layer.${block}`, width * 2 ** group, stride);
          }
        });
        x = layers.relu(layers.batchNorm(x, 'bn1'));
        return layers.linear(layers.globalAveragePool(x), 'fc', options.classes);
      });
    },
    read(shapes) {
      const { channels, classes } = readSizes(shapes, { stem: 'conv1.weight', head: 'fc.weight' });
      const [width] = shapes.get('block1.layer.0.conv1.weight') ?? [];
      const depths = countBlocks(shapes, /^block(\d+)\.layer\.(\d+)\./);
      return { channels, classes, width, ...(depths.length > 0 && { depths }) };
    },
  };
}

export const wideResNets: readonly Architecture[] = [wideResNet(16, 1), wideResNet(16, 2), wideResNet(28, 10), wideResNet(40, 2)];
