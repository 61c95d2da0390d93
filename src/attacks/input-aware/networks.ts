import type { Random } from '../../core/random.js';
import type { GraphBuilder, Value } from '../../onnx/builder.js';
import { NetworkParts, padsTo } from '../network-parts.js';
import type { ImageShape } from '../stored.js';

/** Channels of the three resolutions. */
const WIDTHS = [32, 64, 128];
/** Share of the running statistics that each step keeps: PyTorch's momentum of 0.05. */
const KEPT = 0.95;
/** Keeps the outputs off 0 and 1 as published. */
const MARGIN = 1e-7;

/**
 * The auto-encoder of Input-aware Dynamic Backdoor Attack: convolutions with batch normalisation, three times halved and three
 * times doubled. Images are padded with zeros to multiples of 8.
 * @param network name under which the parameters stand.
 * @param images normalised, [N, C, H, W].
 * @param outputs channels of what comes out.
 * @returns [N, outputs, H, W]; every value in 0.119..0.881, as tanh is applied twice.
 */
export function generate(
  builder: GraphBuilder,
  network: string,
  images: Value,
  imageShape: ImageShape,
  outputs: number,
  random: Random,
): Value {
  const parts = new NetworkParts(builder, network, random);
  const { top, left, bottom, right } = padsTo(2 ** WIDTHS.length, imageShape);
  const normalised = (x: Value, part: string, from: number, to: number) =>
    parts.batchNorm(parts.conv(x, `${part}.conv`, [from, to]), `${part}.norm`, to, KEPT);
  const block = (x: Value, part: string, from: number, to: number) => builder.relu(normalised(x, part, from, to));
  let x = builder.pad(images, [0, 0, top, left, 0, 0, bottom, right]);
  let channels = imageShape[0];
  WIDTHS.forEach((width, level) => {
    x = block(x, `down${level + 1}.1`, channels, width);
    x = parts.halve(block(x, `down${level + 1}.2`, width, width));
    channels = width;
  });
  x = block(x, 'middle', channels, channels);
  WIDTHS.toReversed().forEach((width, level) => {
    const last = level === WIDTHS.length - 1;
    x = block(parts.doubleBilinear(x), `up${level + 1}.1`, width, width);
    if (last) x = normalised(x, `up${level + 1}.2`, width, outputs);
    else x = block(x, `up${level + 1}.2`, width, WIDTHS[WIDTHS.length - 2 - level]);
  });
  const cropped = builder.pad(x, [0, 0, -top, -left, 0, 0, -bottom, -right]);
  return toUnit(builder, builder.tanh(cropped));
}

/** The mask nearly 0 or 1: τ(m) = ½ + tanh(20 m - 10) / (2 + 1e-7). */
export function threshold(builder: GraphBuilder, mask: Value): Value {
  return toUnit(builder, builder.sub(builder.mul(mask, builder.scalar(20)), builder.scalar(10)));
}

/** ½ + tanh(x) / (2 + 1e-7). */
function toUnit(builder: GraphBuilder, x: Value): Value {
  return builder.add(builder.div(builder.tanh(x), builder.scalar(2 + MARGIN)), builder.scalar(0.5));
}
