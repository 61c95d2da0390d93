import { Random } from '../core/random.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import type { Classifier } from './classifier.js';
import { Layers } from './layers.js';

export interface PreActResNetOptions {
  /** Channels, height, width of an image. */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
  /** Mean of each channel's pixels in [0, 1], subtracted inside the graph. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel's pixels, divided by inside the graph. */
  readonly std: readonly number[];
  /** Channels of the first stage; each later stage has twice as many as the one before. Default 64. */
  readonly width?: number;
  /** Blocks in each stage; every stage but the first begins by halving height and width. Default [2, 2, 2, 2], the 18 layers. */
  readonly depths?: readonly number[];
  /** Seed of the initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * Pre-activation residual network (He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016) as BackdoorBench
 * builds it: 3 x 3 stem without normalisation, blocks of two 3 x 3 convolutions each behind BN and ReLU, a 1 x 1
 * convolution on the shortcut where the shape changes, and no normalisation before the average pool. Parameters have
 * PyTorch's names, so state dictionaries go both ways.
 */
export function preActResNet(options: PreActResNetOptions): Classifier {
  const { imageShape, classes, mean, std, width = 64, depths = [2, 2, 2, 2], seed = 0 } = options;
  const name = `preactresnet-w${width}-d${depths.join('.')}`;
  const builder = new GraphBuilder(name);
  const layers = new Layers(builder, new Random(seed).fork('initialisation'));
  const input = builder.input('pixels', 'float32', ['N', ...imageShape]);
  let channels = width;
  let x = layers.conv(layers.normalize(input, mean, std), 'conv1', { from: imageShape[0], to: channels }, 3);
  depths.forEach((blocks, stage) => {
    for (let block = 0; block < blocks; block++) {
      const to = width * 2 ** stage;
      const stride = block === 0 && stage > 0 ? 2 : 1;
      x = preActBlock(layers, x, `layer${stage + 1}.${block}`, { from: channels, to }, stride);
      channels = to;
    }
  });
  const features = builder.flatten(builder.globalAveragePool(x));
  builder.output(layers.linear(features, 'linear', { from: channels, to: classes }), 'logits', 'float32', ['N', classes]);
  return { name, graph: builder.build(), imageShape, classes };
}

/** The shortcut's convolution reads the activated input, the identity shortcut the raw one; it runs before `conv1`. */
function preActBlock(layers: Layers, x: Value, path: string, channels: { from: number; to: number }, stride: number): Value {
  const { builder } = layers;
  const { from, to } = channels;
  const activated = builder.relu(layers.batchNorm(x, `${path}.bn1`, from));
  const shortcut = stride !== 1 || from !== to ? layers.conv(activated, `${path}.shortcut.0`, channels, 1, stride) : x;
  const inner = layers.conv(activated, `${path}.conv1`, channels, 3, stride);
  const out = layers.conv(builder.relu(layers.batchNorm(inner, `${path}.bn2`, to)), `${path}.conv2`, { from: to, to }, 3);
  return builder.add(out, shortcut);
}
