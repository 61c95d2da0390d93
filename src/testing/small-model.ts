import { float32, int64, type Tensor, tensor } from '../core/tensor.js';
import type { Attribute, Graph, Model, Node } from '../onnx/graph.js';

/** A node with no name of its own. */
export function node(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, Attribute> = {},
): Node {
  return { name: '', opType, domain: '', inputs, outputs, attributes };
}

/** One tensor of every type. */
export function tensorsOfEveryType(): Record<string, Tensor> {
  return {
    float32: float32([2, 2], [1.5, -0, Number.POSITIVE_INFINITY, 1e-40]),
    float64: tensor('float64', [1], Float64Array.of(Math.PI)),
    float16: tensor('float16', [2], Uint16Array.of(0x3c00, 0xfbff)),
    int64: tensor('int64', [2], BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n))),
    uint64: tensor('uint64', [1], BigUint64Array.of(2n ** 64n - 1n)),
    int32: tensor('int32', [2], Int32Array.of(-(2 ** 31), 7)),
    uint32: tensor('uint32', [1], Uint32Array.of(2 ** 32 - 1)),
    int16: tensor('int16', [1], Int16Array.of(-32768)),
    uint16: tensor('uint16', [1], Uint16Array.of(65535)),
    int8: tensor('int8', [3], Int8Array.of(-128, 0, 127)),
    uint8: tensor('uint8', [1], Uint8Array.of(255)),
    bool: tensor('bool', [2], Uint8Array.of(0, 1)),
    scalar: float32([], [3]),
    empty: int64([0], []),
  };
}

/** A small model with everything that a file can hold: every kind of attribute, a subgraph, left-out inputs, all types. */
export function smallModel(): Model {
  const branch = (value: number): Graph => ({
    name: `branch ${value}`,
    inputs: [],
    outputs: [{ name: `b${value}`, type: 'float32', dims: [2] }],
    // Reads `clipped` of the graph around it.
    nodes: [node('Mul', ['clipped', `factor${value}`], [`b${value}`])],
    initializers: new Map([[`factor${value}`, float32([], [value])]]),
    types: new Map(),
  });
  const graph: Graph = {
    name: 'small',
    inputs: [
      { name: 'x', type: 'float32', dims: ['N', 2] },
      { name: 'which', type: 'bool', dims: [] },
      { name: 'shapeless', type: 'int64', dims: undefined },
    ],
    outputs: [{ name: 'y', type: 'float32', dims: ['N', 2] }, { name: 'untyped' }],
    nodes: [
      node('Clip', ['x', '', 'high'], ['clipped']),
      {
        ...node('If', ['which'], ['y'], {
          then_branch: { kind: 'graph', value: branch(1) },
          else_branch: { kind: 'graph', value: branch(2) },
        }),
        name: 'choice',
      },
      {
        ...node('Everything', ['x'], ['untyped'], {
          int: { kind: 'int', value: -3 },
          float: { kind: 'float', value: 0.25 },
          string: { kind: 'string', value: 'größer' },
          ints: { kind: 'ints', value: [0, -1, 2 ** 40] },
          floats: { kind: 'floats', value: [1, -0.5] },
          strings: { kind: 'strings', value: ['a', ''] },
          tensor: { kind: 'tensor', value: int64([2], [4, 5]) },
          none: { kind: 'ints', value: [] },
        }),
        domain: 'elsewhere',
      },
    ],
    initializers: new Map([['high', float32([], [6])], ...Object.entries(tensorsOfEveryType())]),
    types: new Map(),
  };
  return { graph, opset: 18, metadata: { 'antidote.name': 'small', note: 'a\nb' } };
}
