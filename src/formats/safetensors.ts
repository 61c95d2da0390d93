import { UserError } from '../core/errors.js';
import { bytesOf, type DataType, elementSize, float32, floats, sizeOf, type Tensor, tensor, tensorFromBytes } from '../core/tensor.js';
import { type HalfType, narrow, widen } from './half.js';

/** Named tensors with free-form metadata. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Those float32 tensors that are stored in 16 bits. */
  readonly storedAs?: ReadonlyMap<string, HalfType>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Element types that the format has and that are read. There are no bfloat16 tensors here: they become float32. */
type StoredType = DataType | 'bfloat16';

const typeNames: Record<StoredType, string> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
};
const typesByName = new Map(Object.entries(typeNames).map(([type, name]) => [name, type as StoredType]));

/** A header this long would describe some hundred thousand tensors; the format allows no more than 100 MB. */
const MAX_HEADER = 100_000_000;

/**
 * Writes tensors in the safetensors format: an 8-byte little-endian header length, a JSON header, the data. The header is
 * padded with spaces so that the data begin at a multiple of 8 bytes.
 * Tensors named in `storedAs` are rounded to that type; see {@link inHalf}.
 */
export function writeSafetensors({ tensors, metadata, storedAs = new Map() }: TensorFile): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [['__metadata__', metadata]] : [];
  let end = 0;
  for (const [name, value] of tensors) {
    const type = storedAs.get(name) ?? value.type;
    const start = end;
    end += sizeOf(value.dims) * storedSize(type);
    header.push([name, { dtype: typeNames[type], shape: value.dims, data_offsets: [start, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + end).fill(0x20, 8, 8 + headerLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, 8);
  let position = 8 + headerLength;
  for (const [name, value] of tensors) {
    const half = storedAs.get(name);
    const bytes = bytesOf(half ? narrowed(half, value, name) : value);
    file.set(bytes, position);
    position += bytes.length;
  }
  return file;
}

/** `storedAs` for all float32 tensors in 16 bits, which halves the file: float16 rounds to 11 significant bits, bfloat16 to 8. */
export function inHalf(tensors: ReadonlyMap<string, Tensor>, type: HalfType = 'float16'): Map<string, HalfType> {
  return new Map([...tensors].filter(([, value]) => value.type === 'float32').map(([name]) => [name, type]));
}

/** The file with float16 tensors, which are bit patterns, as float32; `storedAs` remembers what they were. */
export function widenHalves({ tensors, metadata, storedAs }: TensorFile): Required<TensorFile> {
  const remembered = new Map(storedAs);
  const widened = new Map<string, Tensor>();
  for (const [name, value] of tensors) {
    if (value.type === 'float16') remembered.set(name, 'float16');
    widened.set(name, value.type === 'float16' ? float32(value.dims, widen('float16', value.data as Uint16Array)) : value);
  }
  return { tensors: widened, metadata, storedAs: remembered };
}

function narrowed(type: HalfType, value: Tensor, name: string): Tensor {
  return tensor('uint16', value.dims, narrow(type, floats(value, `tensor '${name}'`)));
}

function storedSize(type: StoredType): number {
  return type === 'bfloat16' ? 2 : elementSize(type);
}

/**
 * Reads a safetensors file. float16 stays as it is (see {@link widenHalves}), bfloat16 becomes float32. Every length is checked against the file before anything is allocated.
 * @throws UserError when it is damaged, naming the file and the tensor.
 */
export function readSafetensors(bytes: Uint8Array, file: string): TensorFile {
  const damaged = (why: string) => new UserError(`${file}: ${why}; it is not a safetensors file or it is damaged`);
  if (bytes.length < 8) throw damaged('it is shorter than 8 bytes');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > Math.min(MAX_HEADER, bytes.length - 8)) throw damaged('its header is longer than the file');
  const data = bytes.subarray(8 + length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw damaged('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw damaged('its header is not an object');
  const { __metadata__: metadata, ...entries } = header as Record<string, unknown>;
  const read = Object.entries(entries).map(([name, entry]) => ({ name, ...readEntry(entry, damaged, name) }));
  checkCoverage(read, data.length, damaged);
  const tensors = new Map<string, Tensor>();
  const storedAs = new Map<string, HalfType>();
  for (const { name, type, shape, start, end } of read) {
    const plain = tensorFromBytes(type === 'bfloat16' ? 'uint16' : type, shape, data.subarray(start, end), `${file}: tensor '${name}'`);
    if (type === 'bfloat16') storedAs.set(name, type);
    tensors.set(name, type === 'bfloat16' ? float32(shape, widen(type, plain.data as Uint16Array)) : plain);
  }
  return { tensors, metadata: readMetadata(metadata, damaged), ...(storedAs.size > 0 && { storedAs }) };
}

interface Entry {
  readonly type: StoredType;
  readonly shape: number[];
  readonly start: number;
  readonly end: number;
}

/**
 * The format wants the tensors to cover the data without holes or overlaps. So a file that lost or gained bytes is noticed,
 * and none takes more memory than its own size.
 */
function checkCoverage(entries: readonly (Entry & { readonly name: string })[], length: number, damaged: (why: string) => UserError): void {
  let covered = 0;
  for (const { name, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (end > length) throw damaged(`tensor '${name}' reaches beyond the end`);
    if (start !== covered) throw damaged(`tensor '${name}' does not begin where the one before it ends`);
    covered = end;
  }
  if (covered < length) throw damaged(`its last ${length - covered} bytes belong to no tensor`);
}

function readEntry(entry: unknown, damaged: (why: string) => UserError, name: string): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const type = typesByName.get(dtype as string);
  if (!type) throw damaged(`tensor '${name}' has the unsupported type ${JSON.stringify(dtype)}`);
  if (!isSizes(shape)) throw damaged(`tensor '${name}' has no proper shape`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) throw damaged(`tensor '${name}' has no proper offsets`);
  return { type, shape, start: offsets[0], end: offsets[1] };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function readMetadata(value: unknown, damaged: (why: string) => UserError): Record<string, string> {
  if (value === undefined) return {};
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : undefined;
  if (!entries?.every(([, text]) => typeof text === 'string')) throw damaged('its metadata are not strings');
  return Object.fromEntries(entries) as Record<string, string>;
}
