import { full } from '../core/tensor.js';
import type { Value } from '../onnx/builder.js';
import type { Activation, Features, Layers, Maps } from './layers.js';

/** A row of vectors for each image: a value [N, count, width]. */
export interface Tokens {
  readonly value: Value;
  readonly count: number;
  readonly width: number;
}

/** The positions of maps as tokens, row by row. */
export function tokensOf({ builder }: Layers, { value, shape: [channels, height, width] }: Maps): Tokens {
  const count = height * width;
  return { value: builder.transpose(builder.reshape(value, [0, channels, count]), [0, 2, 1]), count, width: channels };
}

/** Tokens as maps of a height and a width. */
export function mapsOf({ builder }: Layers, { value, width }: Tokens, size: readonly [height: number, width: number]): Maps {
  return { value: builder.reshape(builder.transpose(value, [0, 2, 1]), [0, width, ...size]), shape: [width, ...size] };
}

/** Normalisation of each token; ε is 1e-6, which both users have in place of PyTorch's 1e-5. */
export function layerNorm(layers: Layers, x: Tokens, path: string): Tokens {
  const neutral = (name: string, number: number) => layers.parameter(`${path}.${name}`, [x.width], (dims) => full(dims, number));
  const scale = neutral('weight', 1);
  return { ...x, value: layers.builder.layerNorm(x.value, scale, neutral('bias', 0), 1e-6, path) };
}

/** Normalisation of the channels at each position. */
export function channelNorm(layers: Layers, x: Maps, path: string): Maps {
  return mapsOf(layers, layerNorm(layers, tokensOf(layers, x), path), [x.shape[1], x.shape[2]]);
}

/** Linear layer with bias on each token. Its parameters are `path`.weight and `path`.bias unless others are given. */
export function linearEach(layers: Layers, x: Tokens, path: string, to: number, parameters?: readonly [Value, Value]): Tokens {
  const [weight, bias] = parameters ?? layers.affine(path, x.width, to);
  const { builder } = layers;
  const rows = builder.gemm(builder.reshape(x.value, [-1, x.width]), weight, bias, { transB: true, label: path });
  return { value: builder.reshape(rows, [-1, x.count, to]), count: x.count, width: to };
}

export function applyEach({ builder }: Layers, x: Tokens, activation: Activation): Tokens {
  return { ...x, value: activation(builder, x.value) };
}

export function addTokens({ builder }: Layers, a: Tokens, b: Tokens): Tokens {
  return { ...a, value: builder.add(a.value, b.value) };
}

/** The first token alone. */
export function firstToken({ builder }: Layers, { value, width }: Tokens): Features {
  return { value: builder.squeeze(builder.slice(value, [0], [1], [1]), [1]), units: width };
}
