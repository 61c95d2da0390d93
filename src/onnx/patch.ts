import { create, toBinary } from '@bufbuild/protobuf';
import { bytesOf, type DataType, floats, sizeOf, type Tensor, tensor } from '../core/tensor.js';
import { narrow } from '../formats/half.js';
import { dataTypeName } from './data-types.js';
import { type ExternalData, readExternal, type Stretch } from './external.js';
import {
  type AttributeProto,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
} from './gen/onnx_pb.js';
import { decodeProto } from './read.js';

/** Where a new tensor begins in a file beside the model: at a multiple of this, so that it can be mapped into memory. */
const ALIGNMENT = 4096;

/** A model file, and the file beside it where the original had one. */
export interface PatchedModel {
  readonly model: Uint8Array<ArrayBuffer>;
  /** The content of the file beside the model, in pieces that follow one another; undefined where all is in the model. */
  readonly data?: readonly Uint8Array[];
}

export interface PatchOptions {
  /** Names the original in errors. */
  readonly file: string;
  /** The files beside the original. */
  readonly external?: ExternalData;
  /** What the file beside the new model will be called. */
  readonly location: string;
}

/**
 * The same model file with other values in some of its float tensors, and nothing else changed: nodes, names, their order,
 * operator set, metadata, and what is unknown here stay as they are. Tensors keep the type in which they were stored; those
 * that were stored outside the file go to one new file beside it.
 * @param values by the name of an initializer, or of what a `Constant` node produces; float32, of the stored shape.
 */
export function patchModel(bytes: Uint8Array, values: ReadonlyMap<string, Tensor>, options: PatchOptions): PatchedModel {
  const proto = decodeProto(bytes, options.file);
  const beside = new DataFile(options.location);
  const left = new Set(values.keys());
  const visit = (stored: TensorProto, name: string) => {
    const value = values.get(name);
    left.delete(name);
    if (stored.dataLocation === TensorProto_DataLocation.EXTERNAL) moveOutside(stored, value, beside, options);
    else if (value) storeInside(stored, value, name);
  };
  for (const initializer of proto.graph.initializer) visit(initializer, initializer.name);
  for (const { opType, attribute, output } of proto.graph.node) {
    for (const item of attribute) {
      if (item.t) visit(item.t, opType === 'Constant' ? output[0] : '');
      else if (opType === 'Constant') left.delete(patchNumbers(item, values.get(output[0])) ? output[0] : '');
    }
  }
  if (values.size === 0 && beside.pieces.length === 0) return { model: new Uint8Array(bytes) };
  if (left.size > 0) throw new Error(`${options.file} has no tensor '${[...left][0]}' to write to`);
  return { model: toBinary(ModelProtoSchema, proto), ...(beside.pieces.length > 0 && { data: beside.pieces }) };
}

function moveOutside(stored: TensorProto, value: Tensor | undefined, beside: DataFile, { file, external }: PatchOptions): void {
  const where = `${file}: tensor '${stored.name}'`;
  const type = dataTypeName(stored.dataType, where);
  const old = readExternal(stored.externalData, { type, dims: stored.dims.map(Number) }, external, where);
  const { location, offset, length } = beside.add(bytesOf(value ? convert(value, type, stored) : old));
  const entries = { location, offset: String(offset), length: String(length) };
  stored.externalData = Object.entries(entries).map(([key, text]) => create(StringStringEntryProtoSchema, { key, value: text }));
}

function storeInside(stored: TensorProto, value: Tensor, name: string): void {
  const type = dataTypeName(stored.dataType, `tensor '${name}'`);
  stored.rawData = bytesOf(convert(value, type, stored));
  stored.floatData = [];
  stored.doubleData = [];
  // Float16 that is not raw is kept here.
  stored.int32Data = [];
}

/** A Constant node may hold its number or numbers without a tensor around them. */
function patchNumbers(item: AttributeProto, value: Tensor | undefined): boolean {
  if (!value || (item.name !== 'value_float' && item.name !== 'value_floats')) return false;
  const numbers = Array.from(floats(value));
  if (item.name === 'value_float') item.f = numbers[0];
  else item.floats = numbers;
  return true;
}

/** Float32 values in the type of the tensor that they take the place of. */
function convert(value: Tensor, type: DataType, stored: TensorProto): Tensor {
  const data = floats(value);
  const dims = stored.dims.map(Number);
  if (data.length !== sizeOf(dims)) throw new Error(`tensor '${stored.name}' has ${sizeOf(dims)} elements, but ${data.length} were given`);
  if (type === 'float32') return tensor(type, dims, data);
  if (type === 'float64') return tensor(type, dims, Float64Array.from(data));
  if (type === 'float16') return tensor(type, dims, narrow('float16', data));
  throw new Error(`tensor '${stored.name}' is ${type} and cannot hold weights`);
}

/** A file beside the model, being filled. */
class DataFile {
  readonly pieces: Uint8Array[] = [];
  readonly #location: string;
  #size = 0;

  constructor(location: string) {
    this.#location = location;
  }

  add(bytes: Uint8Array): Stretch {
    const gap = (ALIGNMENT - (this.#size % ALIGNMENT)) % ALIGNMENT;
    if (gap > 0) this.pieces.push(new Uint8Array(gap));
    this.pieces.push(bytes);
    const offset = this.#size + gap;
    this.#size = offset + bytes.length;
    return { location: this.#location, offset, length: bytes.length };
  }
}

/** Takes everything that lies outside a model into it, for a runtime that is given bytes alone. */
export function inlineExternal(bytes: Uint8Array, file: string, external: ExternalData | undefined): Uint8Array<ArrayBuffer> {
  const proto = decodeProto(bytes, file);
  const tensors = [...proto.graph.initializer, ...proto.graph.node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? []))];
  const outside = tensors.filter(({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL);
  if (outside.length === 0) return new Uint8Array(bytes);
  for (const stored of outside) {
    const where = `${file}: tensor '${stored.name}'`;
    const type = dataTypeName(stored.dataType, where);
    stored.rawData = bytesOf(readExternal(stored.externalData, { type, dims: stored.dims.map(Number) }, external, where));
    stored.dataLocation = TensorProto_DataLocation.DEFAULT;
    stored.externalData = [];
  }
  return toBinary(ModelProtoSchema, proto);
}
