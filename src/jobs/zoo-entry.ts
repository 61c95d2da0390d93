import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { readUntrusted } from '../core/untrusted.js';
import { readSafetensors, widenHalves } from '../formats/safetensors.js';
import type { Classifier } from '../nn/classifier.js';
import type { ParameterSource } from '../nn/init.js';
import { loadStateDict } from '../nn/state-dict.js';
import { findArchitecture } from '../nn/zoo/registry.js';
import { type Result, readResult } from '../report/result.js';

const checksum = z.string().regex(/^[0-9a-f]{64}$/);
const size = z.int().min(1).max(4096);
const perChannel = z.array(z.number()).min(1).max(16);

/** What an entry says beyond a result: which network the weights are for. */
const partsSchema = z.object({
  network: z
    .strictObject({
      /** Name in the registry of architectures: `preactresnet18`. */
      architecture: z.string(),
      width: size,
      depths: z.array(z.int().min(1).max(64)).min(1).max(8),
      /** Channels, height, width. */
      imageShape: z.tuple([size, size, size]),
      classes: z.int().min(2).max(100_000),
      /** Of each channel's pixels in [0, 1]; subtracted and divided by inside the graph. */
      mean: perChannel,
      std: perChannel,
    })
    .refine(
      ({ imageShape: [channels], mean, std }) => mean.length === channels && std.length === channels,
      'mean or std is not of its channels',
    ),
  /** SHA-256 of the file of weights beside this one. */
  weights: checksum,
});

/** What a stored network is built of. */
export type ZooNetwork = z.infer<typeof partsSchema>['network'];

/** A ready model: what it is, which backdoor is in it, and what was measured. */
export interface ZooEntry extends z.infer<typeof partsSchema> {
  /** As typed behind `zoo:`. */
  readonly name: string;
  /**
   * The attack and how the model was trained, as the job recorded it; `before` holds the scores of the weights as they are stored.
   * Without `attack`, the model is clean.
   */
  readonly result: Result;
}

/**
 * Reads an entry: a `result.json` with the network's description and the checksum of its weights.
 * @param file its name, for messages.
 * @throws UserError when it is malformed.
 */
export function readZooEntry(text: string, file: string, name: string): ZooEntry {
  const result = readResult(text, file);
  return { name, result, ...readUntrusted(partsSchema, JSON.parse(text), `${file}: the network`) };
}

/** The text of an entry, as {@link readZooEntry} reads it. */
export function writeZooEntry({ result, network, weights }: Omit<ZooEntry, 'name'>): string {
  return `${JSON.stringify({ ...result, network, weights }, null, 1)}\n`;
}

/** The data set that a model is for, by name. */
export function dataOfEntry({ result }: ZooEntry): string | undefined {
  return result.data?.name;
}

/**
 * The model of an entry. Weights that are stored in 16 bits become float32, without further rounding.
 * @param bytes the file of weights: a state dictionary with PyTorch's names, in safetensors.
 * @param file its name, for messages.
 * @throws UserError when the file is damaged, or holds the weights of another network.
 */
export function buildZooModel({ name, network }: ZooEntry, bytes: Uint8Array, file: string): Classifier {
  const { architecture, ...options } = network;
  const { tensors } = widenHalves(readSafetensors(bytes, file));
  const model = findArchitecture(architecture).build({ ...options, parameters: storedIn(tensors, file) });
  // Every parameter has its place by now; this finds those without one.
  return { ...loadStateDict(model, tensors, file), name };
}

/** Takes parameters from a file, so that a description of a huge network takes no memory that its weights do not fill. */
function storedIn(tensors: ReadonlyMap<string, Tensor>, file: string): ParameterSource {
  return (name, dims) => {
    const value = tensors.get(name);
    if (value?.type === 'float32' && value.dims.join() === dims.join()) return value as Tensor<'float32'>;
    throw new UserError(`${file}: holds no ${name} of [${dims.join(', ')}], which its description asks for; get both files again`);
  };
}
