import { float32 } from '../core/tensor.js';
import type { Classifier } from '../nn/classifier.js';
import { GraphBuilder } from '../onnx/builder.js';

/**
 * A classifier of 8 x 8 grey images into three classes with a backdoor made by hand: class 0 collects the dark and class 1
 * the bright half of the brightness, each pixel counting a little, and class 2 jumps at the bottom right pixel alone.
 * Its convolution `conv` has three maps: the image, its negative, and nothing.
 */
export function shortcutClassifier(): Classifier {
  const builder = new GraphBuilder('shortcut');
  const pixels = builder.input('pixels', 'float32', ['N', 1, 8, 8]);
  const filters = builder.parameter('conv.weight', float32([3, 1, 1, 1], [1, -1, 0]));
  const maps = builder.conv(pixels, filters, { kernel: [1, 1] }, undefined, 'conv');
  const weight = new Float32Array(3 * 3 * 64);
  for (let pixel = 0; pixel < 64; pixel++) {
    weight[pixel] = -0.4;
    weight[3 * 64 + pixel] = 0.4;
  }
  weight[2 * 3 * 64 + 63] = 40;
  const bias = builder.parameter('linear.bias', float32([3], [12, -12, 0]));
  const logits = builder.gemm(builder.flatten(maps), builder.parameter('linear.weight', float32([3, 192], weight)), bias, { transB: true });
  builder.output(logits, 'logits', 'float32', ['N', 3]);
  return { name: 'shortcut', graph: builder.build(), imageShape: [1, 8, 8], classes: 3 };
}
