import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { bytesOf, type Tensor } from '../core/tensor.js';
import { version } from '../core/version.js';
import { dataTypeCode } from './data-types.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './gen/onnx_pb.js';
import type { Attribute, Graph, Model, Node, OutputInfo } from './graph.js';

/** IR version 8 is the one that belongs to operator set 18; every runtime since 2023 reads it. */
const IR_VERSION = 8n;

/** Writes a model as an ONNX file. The same model gives the same bytes. */
export function writeModel(model: Model): Uint8Array<ArrayBuffer> {
  const proto = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'antidote',
    producerVersion: version,
    graph: graphProto(model.graph),
    opsetImport: operatorSets(model),
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, proto);
}

/** ONNX's own operators, and version 1 of every other domain that is used, of which there is no second. */
function operatorSets({ graph, opset }: Model): { domain: string; version: bigint }[] {
  const others = new Set(domainsOf(graph).filter((domain) => domain !== ''));
  return [{ domain: '', version: BigInt(opset) }, ...[...others].toSorted().map((domain) => ({ domain, version: 1n }))];
}

function domainsOf({ nodes }: Graph): string[] {
  return nodes.flatMap(({ domain, attributes }) => [
    domain,
    ...Object.values(attributes).flatMap((attribute) => (attribute.kind === 'graph' ? domainsOf(attribute.value) : [])),
  ]);
}

function graphProto(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map((node) =>
      create(NodeProtoSchema, {
        name: node.name,
        opType: node.opType,
        domain: node.domain,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: attributeProtos(node),
      }),
    ),
    initializer: Array.from(graph.initializers, ([name, value]) => tensorProto(name, value)),
    input: graph.inputs.map(valueInfoProto),
    output: graph.outputs.map(valueInfoProto),
  });
}

function attributeProtos(node: Node): AttributeProto[] {
  return Object.entries(node.attributes).map(([name, attribute]) => create(AttributeProtoSchema, { ...attributeFields(attribute), name }));
}

function attributeFields(attribute: Attribute): MessageInitShape<typeof AttributeProtoSchema> & { $typeName?: undefined } {
  switch (attribute.kind) {
    case 'int':
      return { type: Kind.INT, i: int64(attribute.value) };
    case 'float':
      return { type: Kind.FLOAT, f: attribute.value };
    case 'string':
      return { type: Kind.STRING, s: new TextEncoder().encode(attribute.value) };
    case 'ints':
      return { type: Kind.INTS, ints: attribute.value.map(int64) };
    case 'floats':
      return { type: Kind.FLOATS, floats: [...attribute.value] };
    case 'strings':
      return { type: Kind.STRINGS, strings: attribute.value.map((value) => new TextEncoder().encode(value)) };
    case 'tensor':
      return { type: Kind.TENSOR, t: tensorProto('', attribute.value) };
    case 'graph':
      return { type: Kind.GRAPH, g: graphProto(attribute.value) };
  }
}

/** The largest int64, which stands for "to the end" in older files, is no number of JavaScript's: the nearest one is beyond it. */
function int64(value: number): bigint {
  const largest = 2n ** 63n - 1n;
  const exact = BigInt(value);
  return exact > largest ? largest : exact;
}

function tensorProto(name: string, value: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: dataTypeCode(value.type),
    dims: value.dims.map(BigInt),
    rawData: bytesOf(value),
  });
}

function valueInfoProto({ name, type, dims }: OutputInfo): ValueInfoProto {
  if (type === undefined) return create(ValueInfoProtoSchema, { name });
  const shape = dims && {
    dim: dims.map((dim) => ({
      value: typeof dim === 'number' ? ({ case: 'dimValue', value: BigInt(dim) } as const) : ({ case: 'dimParam', value: dim } as const),
    })),
  };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: { elemType: dataTypeCode(type), shape } } } });
}
