import type { Random } from '../../core/random.js';
import type { GraphBuilder, Value } from '../../onnx/builder.js';
import { NetworkParts, padsTo } from '../network-parts.js';
import type { ImageShape } from '../stored.js';

/** Side of the picture that the secret is laid out on. */
const SECRET_SIDE = 16;

/**
 * The encoder of StegaStamp (Tancik, Mildenhall, Ng, CVPR 2020) as ISSBA takes it: a U-Net over the image and the secret, laid
 * out as a picture of its own, that gives the image with the secret in it. Images are padded with black to multiples of 16.
 * @param images pixels in [0, 1], [N, C, H, W].
 * @param secrets bits, [N, bits].
 * @returns pixels in [0, 1], [N, C, H, W].
 */
export function encode(builder: GraphBuilder, images: Value, secrets: Value, imageShape: ImageShape, bits: number, random: Random): Value {
  const parts = new NetworkParts(builder, 'encoder', random);
  const [channels, height, width] = imageShape;
  const { top, left, bottom, right } = padsTo(SECRET_SIDE, imageShape);
  const [rows, columns] = [(height + top + bottom) / SECRET_SIDE, (width + left + right) / SECRET_SIDE];
  const relu = (x: Value) => builder.relu(x);
  const down = (x: Value, part: string, from: number, to: number) => relu(parts.conv(x, part, [from, to], { stride: 2 }));
  const same = (x: Value, part: string, from: number, to: number) => relu(parts.conv(x, part, [from, to]));
  /** @param steps from the finest resolution. */
  const up = (x: Value, part: string, from: number, to: number, steps: number) => {
    const shape = [from, (rows * SECRET_SIDE) / 2 ** steps, (columns * SECRET_SIDE) / 2 ** steps] as const;
    return relu(parts.conv(parts.repeat(x, shape, [2, 2]), part, [from, to], { kernel: 2, pads: [0, 0, 1, 1] }));
  };
  const both = (...values: Value[]) => builder.concat(values, 1);

  const laidOut = relu(parts.dense(secrets, 'secret', [bits, channels * SECRET_SIDE ** 2]));
  const square = [channels, SECRET_SIDE, SECRET_SIDE] as const;
  const secret = parts.repeat(builder.reshape(laidOut, [0, ...square]), square, [rows, columns]);
  const input = both(secret, builder.pad(images, [0, 0, top, left, 0, 0, bottom, right]));
  const c1 = same(input, 'conv1', 2 * channels, 32);
  const c2 = down(c1, 'conv2', 32, 32);
  const c3 = down(c2, 'conv3', 32, 64);
  const c4 = down(c3, 'conv4', 64, 128);
  const c5 = down(c4, 'conv5', 128, 256);
  const c6 = same(both(c4, up(c5, 'up6', 256, 128, 4)), 'conv6', 256, 128);
  const c7 = same(both(c3, up(c6, 'up7', 128, 64, 3)), 'conv7', 128, 64);
  const c8 = same(both(c2, up(c7, 'up8', 64, 32, 2)), 'conv8', 64, 32);
  const c9 = same(both(c1, up(c8, 'up9', 32, 32, 1), input), 'conv9', 64 + 2 * channels, 32);
  const c10 = same(c9, 'conv10', 32, 32);
  const stego = builder.sigmoid(parts.conv(c10, 'residual', [32, channels], { kernel: 1 }));
  return builder.pad(stego, [0, 0, -top, -left, 0, 0, -bottom, -right]);
}

/**
 * The decoder: reads the secret from an image.
 * @param images pixels in [0, 1], [N, C, H, W].
 * @returns logits of the bits, [N, bits].
 */
export function decode(builder: GraphBuilder, images: Value, imageShape: ImageShape, bits: number, random: Random): Value {
  const parts = new NetworkParts(builder, 'decoder', random);
  const [channels, height, width] = imageShape;
  const layers = [
    [channels, 32, 2],
    [32, 32, 1],
    [32, 64, 2],
    [64, 64, 1],
    [64, 64, 2],
    [64, 128, 2],
    [128, 128, 2],
  ] as const;
  let x = images;
  layers.forEach(([from, to, stride], i) => {
    x = builder.relu(parts.conv(x, `conv${i + 1}`, [from, to], { stride }));
  });
  const halved = layers.filter(([, , stride]) => stride === 2).length;
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / 2 ** halved));
  const hidden = builder.relu(parts.dense(builder.flatten(x), 'dense1', [128 * rows * columns, 512]));
  return parts.dense(hidden, 'dense2', [512, bits]);
}
