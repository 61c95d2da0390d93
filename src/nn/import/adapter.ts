import { float32, sizeOf, type Tensor, tensor } from '../../core/tensor.js';
import { narrow } from '../../formats/half.js';
import type { GraphBuilder, Value } from '../../onnx/builder.js';
import type { ValueInfo } from '../../onnx/graph.js';
import type { PixelConvention } from './convention.js';

/** The parameters of the adapter; they are never learned. */
const names = { factor: 'adapter.factor', shift: 'adapter.shift' };

/** Turns pixels [N, C, H, W] in [0, 1], red first, into what the model's own input wants. */
export function addAdapter(builder: GraphBuilder, pixels: Value, { layout, channelOrder, scale, mean, std }: PixelConvention): Value {
  // A step of -1 from the last channel down to the first; the far end must lie below any index.
  let value = channelOrder === 'bgr' ? builder.slice(pixels, [-1], [-(2 ** 31)], [1], [-1]) : pixels;
  const perChannel = (name: string, values: number[]) => builder.parameter(name, float32([values.length, 1, 1], values));
  const factors = std.map((deviation) => scale / deviation);
  const shifts = std.map((deviation, channel) => -mean[channel] / deviation);
  if (factors.some((factor) => factor !== 1)) value = builder.mul(value, perChannel(names.factor, factors));
  if (shifts.some((shift) => shift !== 0)) value = builder.add(value, perChannel(names.shift, shifts));
  if (layout === 'nhwc') return builder.transpose(value, [0, 2, 3, 1]);
  return layout === 'nhw' ? builder.squeeze(value, [1]) : value;
}

/**
 * The same without a graph, for running a model file as it is.
 * @param pixels [N, C, H, W], 0..255.
 * @param input the file's own.
 */
export function adaptPixels(pixels: Uint8Array, input: ValueInfo, convention: PixelConvention): Tensor {
  const { layout, channelOrder, scale, mean, std, imageShape } = convention;
  const [channels, height, width] = imageShape;
  const plane = height * width;
  const count = pixels.length / sizeOf(imageShape);
  const values = new Float32Array(pixels.length);
  for (let image = 0; image < count; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const from = (image * channels + (channelOrder === 'bgr' ? channels - 1 - channel : channel)) * plane;
      for (let at = 0; at < plane; at++) {
        const value = ((pixels[from + at] / 255) * scale - mean[channel]) / std[channel];
        const to = layout === 'nhwc' ? (image * plane + at) * channels + channel : (image * channels + channel) * plane + at;
        values[to] = value;
      }
    }
  }
  const dims = { nchw: [count, ...imageShape], nhwc: [count, height, width, channels], nhw: [count, height, width] }[layout];
  return ofType(input.type, dims, values);
}

function ofType(type: ValueInfo['type'], dims: readonly number[], values: Float32Array): Tensor {
  switch (type) {
    case 'float16':
      return tensor(type, dims, narrow('float16', values));
    case 'float64':
      return tensor(type, dims, Float64Array.from(values));
    case 'uint8':
      return tensor(type, dims, Uint8Array.from(values, Math.round));
    case 'int32':
      return tensor(type, dims, Int32Array.from(values, Math.round));
    default:
      return tensor('float32', dims, values);
  }
}
