import { fromBinary } from '@bufbuild/protobuf';
import { UserError } from '../core/errors.js';
import { type DataType, elementSize, sizeOf, type Tensor, tensor, tensorFromBytes } from '../core/tensor.js';
import { dataTypeName } from './data-types.js';
import { type ExternalData, readExternal } from './external.js';
import {
  type AttributeProto,
  type GraphProto,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
  type ValueInfoProto,
} from './gen/onnx_pb.js';
import {
  type Attribute,
  type Dim,
  describeNode,
  type Graph,
  type Model,
  type Node,
  type OutputInfo,
  type TensorType,
  type ValueInfo,
} from './graph.js';
import { readsOf, sortNodes } from './sort.js';

/** What is needed to read a model file. */
interface Source {
  /** Names the file in errors. */
  readonly file: string;
  readonly external?: ExternalData;
}

/**
 * Reads an ONNX model. Nothing in the file is executed, and nothing is allocated that the file does not back with
 * bytes. Nodes may stand in any order. `file` names the source in errors.
 * @param external gives the files beside the model in which it keeps tensors; without it such a model is refused.
 * @throws UserError when the bytes are no ONNX model, are cut short, or use a tensor type that is not supported.
 */
export function readModel(bytes: Uint8Array, file = 'the model', external?: ExternalData): Model {
  const proto = decodeProto(bytes, file);
  const opset = proto.opsetImport.find((entry) => entry.domain === '' || entry.domain === 'ai.onnx');
  if (!opset) throw new UserError(`${file}: names no ONNX operator set; it may be damaged or cut short`);
  const graph = readGraph(proto.graph, { file, external });
  checkReferences(graph, file);
  const metadata = Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value]));
  return { graph, opset: Number(opset.version), metadata };
}

/**
 * The message that an ONNX file is.
 * @throws UserError when the bytes are no ONNX model or are cut short.
 */
export function decodeProto(bytes: Uint8Array, file: string): ModelProto & { graph: GraphProto } {
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new UserError(`${file}: not a readable ONNX file (${(cause as Error).message}); it may be damaged or cut short`);
  }
  const { graph } = proto;
  if (!graph) throw new UserError(`${file}: no graph inside; it is not an ONNX model or it is cut short`);
  return Object.assign(proto, { graph });
}

function readGraph(proto: GraphProto, source: Source): Graph {
  const { file } = source;
  const initializers = new Map<string, Tensor>();
  for (const item of proto.initializer) {
    if (initializers.has(item.name)) throw new UserError(`${file}: tensor '${item.name}' is stored twice; the file is damaged`);
    initializers.set(item.name, readTensor(item, `${file}: tensor '${item.name}'`, source));
  }
  const nodes = proto.node.map((node) => readNode(node, source));
  return {
    name: proto.name,
    inputs: proto.input.filter((input) => !initializers.has(input.name)).map((input) => readValueInfo(input, file)),
    outputs: proto.output.map((output): OutputInfo => (output.type?.value.case ? readValueInfo(output, file) : { name: output.name })),
    nodes: sortNodes(nodes, file),
    initializers,
    types: readTypes(proto, file),
  };
}

/** What the file says of values in between; it may leave a type out, or mention what is no tensor. */
function readTypes(proto: GraphProto, file: string): Map<string, TensorType> {
  const tensors = proto.valueInfo.filter((info) => info.type?.value.case === 'tensorType');
  return new Map(
    tensors.map((info) => {
      const { type, dims } = readValueInfo(info, file);
      return [info.name, { type, dims }];
    }),
  );
}

function readNode(proto: NodeProto, source: Source): Node {
  const attributes: Record<string, Attribute> = {};
  for (const item of proto.attribute) attributes[item.name] = readAttribute(item, proto, source);
  const { name, opType, input: inputs, output: outputs } = proto;
  return { name, opType, domain: proto.domain === 'ai.onnx' ? '' : proto.domain, inputs, outputs, attributes };
}

function readAttribute(proto: AttributeProto, node: NodeProto, source: Source): Attribute {
  const where = `${source.file}: ${node.opType} '${node.name}', attribute '${proto.name}'`;
  switch (proto.type) {
    case Kind.INT:
      return { kind: 'int', value: Number(proto.i) };
    case Kind.FLOAT:
      return { kind: 'float', value: proto.f };
    case Kind.STRING:
      return { kind: 'string', value: new TextDecoder().decode(proto.s) };
    case Kind.INTS:
      return { kind: 'ints', value: proto.ints.map(Number) };
    case Kind.FLOATS:
      return { kind: 'floats', value: proto.floats };
    case Kind.STRINGS:
      return { kind: 'strings', value: proto.strings.map((value) => new TextDecoder().decode(value)) };
    case Kind.TENSOR:
      if (proto.t) return { kind: 'tensor', value: readTensor(proto.t, where, source) };
      break;
    case Kind.GRAPH:
      if (proto.g) return { kind: 'graph', value: readGraph(proto.g, source) };
      break;
  }
  throw new UserError(`${where}: attributes of kind ${Kind[proto.type] ?? proto.type} are not supported`);
}

function readValueInfo(proto: ValueInfoProto, file: string): ValueInfo {
  const type = proto.type?.value;
  if (type?.case !== 'tensorType') throw new UserError(`${file}: value '${proto.name}' is not a tensor`);
  // Some exporters write -1 for a size that is known only at run time.
  const dims = type.value.shape?.dim.map(({ value }, axis): Dim => {
    if (value.case === 'dimValue' && value.value >= 0n) return Number(value.value);
    return (value.case === 'dimParam' && value.value) || `unknown_${axis}`;
  });
  return { name: proto.name, type: dataTypeName(type.value.elemType, `${file}: value '${proto.name}'`), dims };
}

function readTensor(proto: TensorProto, where: string, { external }: Source): Tensor {
  const type = dataTypeName(proto.dataType, where);
  const dims = proto.dims.map(Number);
  if (dims.some((dim) => !(dim >= 0))) throw new UserError(`${where}: has a negative size [${dims}]; the file is damaged`);
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return readExternal(proto.externalData, { type, dims }, external, where);
  if (proto.rawData.length > 0 || sizeOf(dims) === 0) return tensorFromBytes(type, dims, proto.rawData, where);
  const listed = listedValues(proto, type);
  if (listed.length !== sizeOf(dims)) {
    throw new UserError(`${where}: shape [${dims}] needs ${sizeOf(dims)} values, the file holds ${listed.length}; the file is damaged`);
  }
  return tensor(type, dims, fromListed(type, listed));
}

/** The field that holds the values of a tensor that is stored without raw bytes; ONNX packs small integers into int32. */
function listedValues(proto: TensorProto, type: DataType): ArrayLike<number | bigint> {
  if (type === 'float32') return proto.floatData;
  if (type === 'float64') return proto.doubleData;
  if (type === 'int64') return proto.int64Data;
  if (type === 'uint32' || type === 'uint64') return proto.uint64Data;
  return proto.int32Data;
}

function fromListed(type: DataType, values: ArrayLike<number | bigint>): Tensor['data'] {
  const bytes = new Uint8Array(values.length * elementSize(type));
  const target = tensorFromBytes(type, [values.length], bytes).data;
  for (let i = 0; i < values.length; i++) {
    if (type === 'int64' || type === 'uint64') (target as BigInt64Array)[i] = BigInt(values[i]);
    else (target as Float32Array)[i] = Number(values[i]);
  }
  return target;
}

/** Every value is defined once, and whatever is read is defined. */
function checkReferences(graph: Graph, file: string): void {
  const known = new Set<string>();
  const define = (name: string) => {
    if (known.has(name)) throw new UserError(`${file}: value '${name}' is defined twice; the file is damaged`);
    known.add(name);
  };
  for (const { name } of graph.inputs) define(name);
  for (const name of graph.initializers.keys()) define(name);
  for (const node of graph.nodes) for (const name of node.outputs) if (name !== '') define(name);
  for (const node of graph.nodes) {
    const missing = readsOf(node).find((name) => !known.has(name));
    if (missing !== undefined)
      throw new UserError(`${file}: ${describeNode(node)} reads '${missing}', which nothing produces; the file is damaged`);
  }
  for (const { name } of graph.outputs) {
    if (!known.has(name)) throw new UserError(`${file}: nothing produces its output '${name}'; it may be damaged or cut short`);
  }
}
