import { UserError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { allBytes, asSource, type ByteSource } from './byte-source.js';
import type { HalfType } from './half.js';
import { type Key, quoted, type Value } from './pickle/values.js';
import { readSafetensors, widenHalves } from './safetensors.js';
import { findState } from './torch/find-state.js';
import { withoutPrefix, wrapperPrefix } from './torch/prefix.js';
import { isTorchLegacy, readTorchLegacy } from './torch/read-legacy.js';
import { readTorchZip } from './torch/read-zip.js';
import type { TorchTensor } from './torch/tensor.js';

/** A model's numbers from a file, with what stood beside them. */
export interface Checkpoint {
  /** `torch-zip` is what PyTorch saves since version 1.6, `torch-legacy` what it saved before. */
  readonly format: 'torch-zip' | 'torch-legacy' | 'safetensors';
  /** By PyTorch's names, in the file's order; 16-bit floating point as float32. Names for the same view share one tensor. */
  readonly tensors: Map<string, Tensor>;
  /** Those that were stored in 16 bits. */
  readonly storedAs: Map<string, HalfType>;
  /** Where the state dictionary was: `state_dict`; undefined when the file is the dictionary itself. */
  readonly foundUnder?: string;
  /** What was taken off every name: `module.`. */
  readonly strippedPrefix?: string;
  /** What stood beside the dictionary (epoch, architecture); tensors there are not read. */
  readonly others: ReadonlyMap<Key, Value>;
  /** What was taken from where, in one sentence for people. */
  readonly choice: string;
}

export interface CheckpointOptions {
  /** Takes the state dictionary under this name, where a file holds several. */
  readonly key?: string;
}

/** What a file of PyTorch holds, before anything is chosen from it. */
export interface TorchContent {
  readonly format: 'torch-zip' | 'torch-legacy';
  readonly value: Value;
}

/** Longest name of another entry that is mentioned, and how many. */
const MENTIONED = 5;
const SAFETENSORS_BRACE = 0x7b;
const TAR_MARK = 'ustar';

/**
 * Reads a model's numbers from a file of PyTorch (`.pt`, `.pth`, `.pth.tar`; either format) or from safetensors; which it is
 * is seen from its content. Nothing in it is run; see docs/formats.md for what is refused.
 * @param file its name, for messages.
 * @throws UserError when the file is none of these, is damaged, or asks for anything but tensors and plain data.
 */
export function loadCheckpoint(content: Uint8Array | ByteSource, file: string, { key }: CheckpointOptions = {}): Checkpoint {
  const source = asSource(content);
  if (isSafetensors(source)) return fromSafetensors(source, file);
  const { format, value } = readTorch(source, file);
  const state = findState(value, file, key);
  return { format, ...state, ...readTensors(state.tensors, source.size, file), choice: describe(state) };
}

/**
 * Reads all that a file of PyTorch holds. Tensors in it are {@link TorchTensor}s, whose numbers are read when asked for.
 * @throws UserError as {@link loadCheckpoint} does.
 */
export function readTorch(content: Uint8Array | ByteSource, file: string): TorchContent {
  const source = asSource(content);
  const beginning = source.read(0, Math.min(source.size, 512));
  if (beginning[0] === 0x50 && beginning[1] === 0x4b) return { format: 'torch-zip', value: readTorchZip(source, file) };
  if (isTorchLegacy(beginning)) return { format: 'torch-legacy', value: readTorchLegacy(allBytes(content), file) };
  throw new UserError(`${file}: ${unknown(beginning)}`);
}

/**
 * Reads tensors of one file. Together they may take twice the file's size, so that overlapping views cannot fill the memory.
 * @throws UserError when they would take more, or the file is damaged.
 */
export function readTensors(
  views: ReadonlyMap<string, TorchTensor>,
  fileSize: number,
  file: string,
): { tensors: Map<string, Tensor>; storedAs: Map<string, HalfType> } {
  const allowance = { left: 2 * fileSize };
  const shared = new Map<string, Tensor>();
  const tensors = new Map<string, Tensor>();
  const storedAs = new Map<string, HalfType>();
  for (const [name, view] of views) {
    const value = shared.get(view.identity) ?? view.read(allowance, `${file}: tensor ${quoted(name)}`);
    shared.set(view.identity, value);
    tensors.set(name, value);
    if (view.type === 'float16' || view.type === 'bfloat16') storedAs.set(name, view.type);
  }
  return { tensors, storedAs };
}

function fromSafetensors(source: ByteSource, file: string): Checkpoint {
  const { tensors, metadata, storedAs } = widenHalves(readSafetensors(source.read(0, source.size), file));
  const prefix = wrapperPrefix([...tensors.keys()]);
  return {
    format: 'safetensors',
    tensors: withoutPrefix(tensors, prefix),
    storedAs: withoutPrefix(storedAs, prefix),
    ...(prefix !== '' && { strippedPrefix: prefix }),
    others: new Map(Object.entries(metadata)),
    choice: `took all ${tensors.size} tensors of the file${beheaded(prefix)}`,
  };
}

function beheaded(prefix = ''): string {
  return prefix && `, without '${prefix}' before every name`;
}

/** A header's length that fits in four bytes or so, and a brace; no other format here has that. */
function isSafetensors(source: ByteSource): boolean {
  if (source.size < 9) return false;
  const bytes = source.read(0, 9);
  return bytes[8] === SAFETENSORS_BRACE && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0;
}

function unknown(beginning: Uint8Array): string {
  const expected = 'expected a file of torch.save or safetensors';
  if (String.fromCharCode(...beginning.subarray(257, 262)) === TAR_MARK) return `is a tar archive, ${expected}; unpack it first`;
  if (beginning[0] === 0x80)
    return `is a pickle that torch.save did not write, ${expected}; in Python, save torch.save(model.state_dict(), "model.pt")`;
  if (beginning[0] === 0x1f && beginning[1] === 0x8b) return `is compressed with gzip, ${expected}; unpack it first`;
  if (beginning[0] === 0x08) return `looks like an ONNX model, ${expected}; give it where a model is asked for`;
  return `is of an unknown kind, ${expected}; get the right file`;
}

function describe({ tensors, foundUnder, strippedPrefix, others }: ReturnType<typeof findState>): string {
  const names = [...others.keys()].slice(0, MENTIONED).map((name) => quoted(String(name)));
  const more = others.size - names.length;
  const beside = names.length > 0 ? ` (left out: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''})` : '';
  const where = foundUnder === undefined ? 'of the file' : `under ${quoted(foundUnder)}`;
  return `took the ${tensors.size} tensors ${where}${beside}${beheaded(strippedPrefix)}`;
}
