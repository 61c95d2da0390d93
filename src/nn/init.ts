import { Random } from '../core/random.js';
import { full, sizeOf, type Tensor, tensor } from '../core/tensor.js';

/** How many inputs one output of a layer adds up, and how many outputs one input goes into, as PyTorch counts them. */
export interface Fans {
  /** C/groups · kh · kw, or the number of input features. */
  readonly in: number;
  /** Output channels · kh · kw, whatever the groups, or the number of output features. */
  readonly out: number;
}

/** Draws the first values of one parameter. */
export type Draw = (dims: readonly number[], fans: Fans, random: Random) => Tensor<'float32'>;

/** How the weights and biases of a network begin. Normalisations always begin neutral: scale 1, shift 0, mean 0, variance 1. */
export interface Initialisation {
  readonly conv: Draw;
  readonly convBias: Draw;
  readonly linear: Draw;
  readonly linearBias: Draw;
}

/**
 * Uniform in ±1/√fan_in, PyTorch's default for weights and biases of convolutions and linear layers (Kaiming uniform with
 * a = √5, which comes to the same bound).
 * @param fanIn inputs that one output adds up: C/groups · kh · kw, or the number of input features.
 */
export function uniformFanIn(dims: readonly number[], fanIn: number, random: Random): Tensor<'float32'> {
  return uniformWithin(1 / Math.sqrt(fanIn), dims, random);
}

/** {@link uniformFanIn}, by the layer's fans. */
export const uniformByInputs: Draw = (dims, fans, random) => uniformFanIn(dims, fans.in, random);

/** Uniform in ±1/√fan_out. */
export const uniformByOutputs: Draw = (dims, fans, random) => uniformWithin(1 / Math.sqrt(fans.out), dims, random);

/** Uniform in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010). */
export const glorotUniform: Draw = (dims, fans, random) => uniformWithin(Math.sqrt(6 / (fans.in + fans.out)), dims, random);

/** Normal with variance 2/fan, which keeps the size of what goes through layers with ReLU (He et al., ICCV 2015). */
export function heNormal(fan: keyof Fans): Draw {
  return (dims, fans, random) => normalOf(Math.sqrt(2 / fans[fan]), dims, random);
}

/** Normal with variance 1/fan_in. */
export const lecunNormal: Draw = (dims, fans, random) => normalOf(Math.sqrt(1 / fans.in), dims, random);

/** Normal with mean 0. */
export function normal(deviation: number): Draw {
  return (dims, _, random) => normalOf(deviation, dims, random);
}

/** The same number everywhere. */
export function constant(value: number): Draw {
  return (dims) => full(dims, value);
}

/** What PyTorch's layers do of themselves. */
export const pytorchDefaults: Initialisation = {
  conv: uniformByInputs,
  convBias: uniformByInputs,
  linear: uniformByInputs,
  linearBias: uniformByInputs,
};

/** Where a network's parameters come from: by its full name in PyTorch, its shape, and how it would be drawn. */
export type ParameterSource = (name: string, dims: readonly number[], draw: (random: Random) => Tensor<'float32'>) => Tensor<'float32'>;

/** Fresh parameters. Each draws from a stream of its own, so a change to one layer leaves the others as they were. */
export function drawnFrom(seed: number): ParameterSource {
  const random = new Random(seed).fork('initialisation');
  return (name, _, draw) => {
    const dot = name.lastIndexOf('.');
    return draw(random.fork(name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)));
  };
}

/** Parameters that are only there for their shapes: zeros, which all share one piece of memory. */
export function shapesOnly(): ParameterSource {
  let zeros = new Float32Array(0);
  return (_, dims) => {
    const size = sizeOf(dims);
    if (size > zeros.length) zeros = new Float32Array(size);
    return tensor('float32', dims, zeros.subarray(0, size));
  };
}

function uniformWithin(bound: number, dims: readonly number[], random: Random): Tensor<'float32'> {
  return filled(dims, () => random.between(-bound, bound));
}

function normalOf(deviation: number, dims: readonly number[], random: Random): Tensor<'float32'> {
  return filled(dims, () => deviation * random.normal());
}

function filled(dims: readonly number[], next: () => number): Tensor<'float32'> {
  const values = new Float32Array(sizeOf(dims));
  for (let i = 0; i < values.length; i++) values[i] = next();
  return tensor('float32', dims, values);
}
