import { float32 } from '../core/tensor.js';
import type { Classifier } from '../nn/classifier.js';
import { GraphBuilder } from '../onnx/builder.js';

/**
 * A classifier for tests whose answer is known without running it: class k where the mean pixel is nearest to
 * k / (classes - 1).
 */
export function brightnessClassifier(classes: number, imageShape: readonly [number, number, number]): Classifier {
  const [channels, height, width] = imageShape;
  const pixels = channels * height * width;
  const builder = new GraphBuilder('brightness');
  const input = builder.input('pixels', 'float32', ['N', ...imageShape]);
  // -(m - c)^2 is largest for the nearest centre c; without m^2, which all classes share, that is 2 c m - c^2.
  const centres = Array.from({ length: classes }, (_, k) => k / (classes - 1));
  const rows = Array.from({ length: pixels }, () => centres.map((c) => (2 * c) / pixels)).flat();
  const weight = builder.parameter('weight', float32([pixels, classes], rows));
  const bias = builder.parameter(
    'bias',
    float32(
      [classes],
      centres.map((c) => -c * c),
    ),
  );
  builder.output(builder.gemm(builder.flatten(input), weight, bias), 'logits', 'float32', ['N', classes]);
  return { name: 'brightness', graph: builder.build(), imageShape, classes };
}
