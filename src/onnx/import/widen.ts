import { type DataType, type Tensor, tensor } from '../../core/tensor.js';
import { widen } from '../../formats/half.js';
import { int } from '../attributes.js';
import { dataTypeCode } from '../data-types.js';
import type { Attribute, Graph, Node, TensorType } from '../graph.js';

/** The graph with float32 in the place of float16 and float64: everything here computes and trains in float32. */
export function toFloat32(graph: Graph): Graph {
  const retype = <T extends Partial<TensorType>>(info: T): T => (info.type && isOther(info.type) ? { ...info, type: 'float32' } : info);
  return {
    name: graph.name,
    inputs: graph.inputs.map(retype),
    outputs: graph.outputs.map(retype),
    nodes: graph.nodes.map(converted),
    initializers: new Map(Array.from(graph.initializers, ([name, value]) => [name, asFloat32(value)])),
    types: new Map(Array.from(graph.types, ([name, type]) => [name, retype(type)])),
  };
}

function isOther(type: DataType): boolean {
  return type === 'float16' || type === 'float64';
}

function converted(node: Node): Node {
  const attributes = Object.entries(node.attributes).map(([name, held]): [string, Attribute] => {
    if (held.kind === 'tensor') return [name, { kind: 'tensor', value: asFloat32(held.value) }];
    const isType = node.opType === 'Cast' && name === 'to' && held.kind === 'int';
    return [name, isType && otherCodes.has(held.value) ? int(dataTypeCode('float32')) : held];
  });
  return { ...node, attributes: Object.fromEntries(attributes) };
}

const otherCodes: ReadonlySet<number> = new Set((['float16', 'float64'] as const).map(dataTypeCode));

function asFloat32(value: Tensor): Tensor {
  if (value.type === 'float16') return tensor('float32', value.dims, widen('float16', value.data as Uint16Array));
  return value.type === 'float64' ? tensor('float32', value.dims, Float32Array.from(value.data as Float64Array)) : value;
}
