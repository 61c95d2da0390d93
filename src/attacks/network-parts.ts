import type { Random } from '../core/random.js';
import { full } from '../core/tensor.js';
import { uniformFanIn } from '../nn/init.js';
import { float, type GraphBuilder, ints, string, type Value } from '../onnx/builder.js';

interface ConvOptions {
  /** Side of the kernel; default 3. */
  readonly kernel?: number;
  /** Default 1. */
  readonly stride?: number;
  /** Zeros around the image: top, left, bottom, right; default as many as keep its size at stride 1. */
  readonly pads?: readonly number[];
}

/**
 * Parts of the networks that make triggers, with PyTorch's initialisation. Parameters are named `<network>.<part>.weight` and so
 * on; each draws from a stream of its own.
 */
export class NetworkParts {
  readonly builder: GraphBuilder;
  readonly #network: string;
  readonly #random: Random;

  constructor(builder: GraphBuilder, network: string, random: Random) {
    this.builder = builder;
    this.#network = network;
    this.#random = random;
  }

  /** Convolution with bias. */
  conv(x: Value, part: string, channels: readonly [from: number, to: number], options: ConvOptions = {}): Value {
    const { kernel = 3, stride = 1, pads = new Array<number>(4).fill((kernel - 1) / 2) } = options;
    const [from, to] = channels;
    const [weight, bias] = this.#affine(part, [to, from, kernel, kernel], from * kernel * kernel);
    return this.builder.conv(x, weight, { kernel: [kernel, kernel], strides: [stride, stride], pads: [...pads] }, bias);
  }

  /** Linear layer with bias, [N, from] to [N, to]. */
  dense(x: Value, part: string, [from, to]: readonly [from: number, to: number]): Value {
    const [weight, bias] = this.#affine(part, [to, from], from);
    return this.builder.gemm(x, weight, bias, { transB: true });
  }

  /** Batch normalisation; ε 1e-5. @param kept share of the old running statistics that each step keeps. */
  batchNorm(x: Value, part: string, channels: number, kept: number): Value {
    const values = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
    const parameters = Object.entries(values).map(([name, value]) => this.#parameter(`${part}.${name}`, full([channels], value)));
    return this.builder.op('BatchNormalization', [x, ...parameters], { epsilon: float(1e-5), momentum: float(kept) })[0];
  }

  /** Every pixel becomes a block of pixels. @param shape C, H, W of one image. */
  repeat(x: Value, [channels, height, width]: readonly [number, number, number], [down, across]: readonly [number, number]): Value {
    const { builder } = this;
    const apart = builder.reshape(x, [0, channels, height, 1, width, 1]);
    return builder.reshape(builder.expand(apart, [1, 1, 1, down, 1, across]), [0, channels, height * down, width * across]);
  }

  /** Twice as high and wide by bilinear interpolation, PyTorch's without aligned corners. */
  doubleBilinear(x: Value): Value {
    const scales = this.builder.constant({ type: 'float32', dims: [4], data: Float32Array.of(1, 1, 2, 2) });
    const attributes = { mode: string('linear'), coordinate_transformation_mode: string('half_pixel') };
    return this.builder.op('Resize', [x, '', scales], attributes)[0];
  }

  /** Half as high and wide: the largest of each square of four. */
  halve(x: Value): Value {
    return this.builder.op('MaxPool', [x], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) })[0];
  }

  #affine(part: string, dims: readonly number[], fanIn: number): [weight: Value, bias: Value] {
    const draw = (name: string, shape: readonly number[]) =>
      this.#parameter(`${part}.${name}`, uniformFanIn(shape, fanIn, this.#random.fork(part, name)));
    return [draw('weight', dims), draw('bias', dims.slice(0, 1))];
  }

  #parameter(name: string, value: Parameters<GraphBuilder['parameter']>[1]): Value {
    return this.builder.parameter(`${this.#network}.${name}`, value);
  }
}

/** Rows above and below and columns left and right that make both sides of an image multiples of a number. */
export function padsTo(
  multiple: number,
  [, height, width]: readonly [number, number, number],
): { top: number; left: number; bottom: number; right: number } {
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / multiple) * multiple - side);
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return { top, left, bottom: rows - top, right: columns - left };
}
