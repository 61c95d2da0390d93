import type { Random } from '../core/random.js';
import { float32, full } from '../core/tensor.js';
import type { GraphBuilder, Value } from '../onnx/builder.js';
import { uniformFanIn } from './init.js';

/**
 * Layers as PyTorch has them: same defaults, same initialisation, parameters under the same names. `path` is the name of
 * the module in PyTorch's model; each layer draws from a stream of its own, so a change to one leaves the others as
 * they were.
 */
export class Layers {
  readonly builder: GraphBuilder;
  readonly #random: Random;

  constructor(builder: GraphBuilder, random: Random) {
    this.builder = builder;
    this.#random = random;
  }

  /** Convolution [N, C, H, W] to [N, O, H/stride, W/stride] with a square kernel, padded to keep its size, without bias. */
  conv(x: Value, path: string, channels: { from: number; to: number }, kernel: number, stride = 1): Value {
    const fanIn = channels.from * kernel * kernel;
    const weight = uniformFanIn([channels.to, channels.from, kernel, kernel], fanIn, this.#random.fork(path, 'weight'));
    const pad = (kernel - 1) / 2;
    const window = { kernel: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
    return this.builder.conv(x, this.builder.parameter(`${path}.weight`, weight), window, undefined, path);
  }

  /** Batch normalisation over channels, with running statistics; ε 1e-5, PyTorch momentum 0.1. */
  batchNorm(x: Value, path: string, channels: number): Value {
    const parameter = (name: string, value: number) => this.builder.parameter(`${path}.${name}`, full([channels], value));
    const scale = parameter('weight', 1);
    const bias = parameter('bias', 0);
    const mean = parameter('running_mean', 0);
    const variance = parameter('running_var', 1);
    return this.builder.batchNorm(x, scale, bias, mean, variance, 1e-5, path);
  }

  /** Linear layer [N, in] to [N, out] with bias. */
  linear(x: Value, path: string, features: { from: number; to: number }): Value {
    const stream = (name: string) => this.#random.fork(path, name);
    const weight = this.builder.parameter(`${path}.weight`, uniformFanIn([features.to, features.from], features.from, stream('weight')));
    const bias = this.builder.parameter(`${path}.bias`, uniformFanIn([features.to], features.from, stream('bias')));
    return this.builder.gemm(x, weight, bias, { transB: true, label: path });
  }

  /** (x - mean) / std per channel: pixels in [0, 1] to what the network was trained on. */
  normalize(x: Value, mean: readonly number[], std: readonly number[]): Value {
    const perChannel = (name: string, values: readonly number[]) =>
      this.builder.parameter(`normalize.${name}`, float32([values.length, 1, 1], values));
    return this.builder.div(this.builder.sub(x, perChannel('mean', mean)), perChannel('std', std));
  }
}
