import { UserError } from '../core/errors.js';
import { float32, full, sizeOf, type Tensor } from '../core/tensor.js';
import type { GraphBuilder, Value } from '../onnx/builder.js';
import { type Draw, type Fans, type Initialisation, type ParameterSource, pytorchDefaults } from './init.js';

/** Feature maps of each image of a batch: a value [N, C, H, W]. */
export interface Maps {
  readonly value: Value;
  /** C, H, W. */
  readonly shape: readonly [channels: number, height: number, width: number];
}

/** Features of each image without positions: a value [N, units]. */
export interface Features {
  readonly value: Value;
  readonly units: number;
}

/** A square window that is moved over an image. */
export interface Window {
  /** Its side. */
  readonly kernel: number;
  readonly stride?: number;
  /** Rows and columns around the image that it may reach over. */
  readonly pad?: number;
}

/** What a convolution is, beside what it reads. */
export interface ConvOptions extends Partial<Window> {
  /** Output channels. */
  readonly to: number;
  /** Side of the kernel; default 3. */
  readonly kernel?: number;
  /** Default 1. */
  readonly stride?: number;
  /** Zeros around the image; default (kernel - 1)/2, which keeps its size at stride 1. */
  readonly pad?: number;
  /** Default 1; as many as input channels for a depthwise convolution. */
  readonly groups?: number;
  /** Default false. */
  readonly bias?: boolean;
}

/** What is not the same for every batch normalisation. */
export interface NormOptions {
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** Share of a batch's statistics in the running ones, as PyTorch counts; default 0.1. */
  readonly momentum?: number;
}

/** An operation on each number. */
export type Activation = (builder: GraphBuilder, x: Value) => Value;

/**
 * Layers as PyTorch has them: same defaults, parameters under the same names. `path` is the name of the module in PyTorch's
 * model. Shapes go along with the values, so that a layer knows what it reads.
 */
export class Layers {
  readonly builder: GraphBuilder;
  readonly #network: string;
  readonly #source: ParameterSource;
  readonly #initialisation: Initialisation;

  /** @param network its name, for messages. */
  constructor(builder: GraphBuilder, network: string, source: ParameterSource, initialisation: Initialisation = pytorchDefaults) {
    this.builder = builder;
    this.#network = network;
    this.#source = source;
    this.#initialisation = initialisation;
  }

  /** A parameter under its full name; `draw` makes its first values where they are drawn. */
  parameter(name: string, dims: readonly number[], draw: Draw, fans: Fans = { in: 1, out: 1 }): Value {
    return this.builder.parameter(
      name,
      this.#source(name, dims, (random) => draw(dims, fans, random)),
    );
  }

  /** Convolution with a square kernel. */
  conv({ value, shape }: Maps, path: string, { to, kernel = 3, groups = 1, bias = false, ...window }: ConvOptions): Maps {
    const { stride = 1, pad = (kernel - 1) / 2 } = window;
    const [from] = shape;
    const dims = [to, from / groups, kernel, kernel];
    const fans = { in: (from / groups) * kernel * kernel, out: to * kernel * kernel };
    const weight = this.parameter(`${path}.weight`, dims, this.#initialisation.conv, fans);
    const shift = bias ? this.parameter(`${path}.bias`, [to], this.#initialisation.convBias, fans) : undefined;
    const attributes = { ...windowOf(kernel, stride, pad), ...(groups > 1 && { group: groups }) };
    const moved = this.#moved(shape, { kernel, stride, pad });
    return { value: this.builder.conv(value, weight, attributes, shift, path), shape: [to, ...moved] };
  }

  /** Batch normalisation over channels, with running statistics. */
  batchNorm({ value, shape }: Maps, path: string, { epsilon = 1e-5, momentum = 0.1 }: NormOptions = {}): Maps {
    const [channels] = shape;
    const neutral = (name: string, number: number) => this.parameter(`${path}.${name}`, [channels], () => full([channels], number));
    const scale = neutral('weight', 1);
    const bias = neutral('bias', 0);
    const mean = neutral('running_mean', 0);
    const variance = neutral('running_var', 1);
    const kept = momentum === 0.1 ? undefined : 1 - momentum;
    return { value: this.builder.batchNorm(value, scale, bias, mean, variance, epsilon, path, kept), shape };
  }

  /** An operation on each number. */
  apply<T extends Maps | Features>(x: T, activation: Activation): T {
    return { ...x, value: activation(this.builder, x.value) };
  }

  relu<T extends Maps | Features>(x: T): T {
    return this.apply(x, (builder, value) => builder.relu(value));
  }

  add(a: Maps, b: Maps): Maps {
    return { ...a, value: this.builder.add(a.value, b.value) };
  }

  /** Multiplies each channel by a number of its own. @param gate [N, C, 1, 1]. */
  scale(x: Maps, gate: Maps): Maps {
    return { ...x, value: this.builder.mul(x.value, gate.value) };
  }

  /** Puts the channels of several values one behind the other. */
  concat(parts: readonly Maps[]): Maps {
    const [{ shape }] = parts;
    const channels = parts.reduce((sum, part) => sum + part.shape[0], 0);
    const values = parts.map(({ value }) => value);
    return { value: this.builder.concat(values, 1), shape: [channels, shape[1], shape[2]] };
  }

  maxPool(x: Maps, window: Window): Maps {
    const { kernel, stride = kernel, pad = 0 } = window;
    const value = this.builder.maxPool(x.value, windowOf(kernel, stride, pad));
    return { value, shape: [x.shape[0], ...this.#moved(x.shape, { kernel, stride, pad })] };
  }

  averagePool(x: Maps, window: Omit<Window, 'pad'>): Maps {
    const { kernel, stride = kernel } = window;
    const value = this.builder.averagePool(x.value, windowOf(kernel, stride, 0));
    return { value, shape: [x.shape[0], ...this.#moved(x.shape, { kernel, stride, pad: 0 })] };
  }

  /** The mean of each channel, as a map of one position. */
  squeeze(x: Maps): Maps {
    return { value: this.builder.globalAveragePool(x.value), shape: [x.shape[0], 1, 1] };
  }

  /** The mean of each channel. */
  globalAveragePool(x: Maps): Features {
    return this.flatten(this.squeeze(x));
  }

  /** All values of an image in a row: channel by channel, in it row by row. */
  flatten({ value, shape }: Maps): Features {
    return { value: this.builder.flatten(value), units: sizeOf(shape) };
  }

  /** Linear layer with bias. */
  linear(x: Features, path: string, to: number): Features {
    const [weight, bias] = this.affine(path, x.units, to);
    return { value: this.builder.gemm(x.value, weight, bias, { transB: true, label: path }), units: to };
  }

  /** The parameters of a linear layer: [to, from] and [to]. */
  affine(path: string, from: number, to: number): [weight: Value, bias: Value] {
    const { linear, linearBias } = this.#initialisation;
    const fans = { in: from, out: to };
    return [this.parameter(`${path}.weight`, [to, from], linear, fans), this.parameter(`${path}.bias`, [to], linearBias, fans)];
  }

  /** (x - mean) / std per channel: pixels in [0, 1] to what the network was trained on. */
  normalize(x: Maps, mean: readonly number[], std: readonly number[]): Maps {
    const perChannel = (name: string, values: readonly number[]) =>
      this.builder.parameter(`normalize.${name}`, float32([values.length, 1, 1], values) as Tensor);
    const value = this.builder.div(this.builder.sub(x.value, perChannel('mean', mean)), perChannel('std', std));
    return { ...x, value };
  }

  /** Height and width behind a window. @throws UserError when the image is smaller than the window. */
  #moved([, height, width]: Maps['shape'], { kernel, stride, pad }: Required<Window>): [number, number] {
    const [down, across] = [height, width].map((side) => Math.floor((side + 2 * pad - kernel) / stride) + 1);
    if (down < 1 || across < 1)
      throw new UserError(`the images are too small for '${this.#network}'; choose larger ones or another network`);
    return [down, across];
  }
}

function windowOf(kernel: number, stride: number, pad: number) {
  return { kernel: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
}
