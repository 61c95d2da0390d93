import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { UserError } from '../core/errors.js';
import { bytesOf, type DataType, float32, type Tensor } from '../core/tensor.js';
import { node, smallModel, tensorsOfEveryType } from '../testing/small-model.js';
import { dataTypeCode } from './data-types.js';
import {
  type AttributeProtoSchema,
  type GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type TensorProtoSchema,
} from './gen/onnx_pb.js';
import type { Graph } from './graph.js';
import { readModel } from './read.js';
import { writeModel } from './write.js';

type GraphInit = MessageInitShape<typeof GraphProtoSchema>;
type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

/** The bytes of a model whose graph is described as the file format has it. */
function file(graph: GraphInit): Uint8Array {
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph, opsetImport: [{ domain: '', version: 18n }] }));
}

function readTensor(stored: TensorInit): Tensor {
  return readModel(file({ initializer: [{ name: 't', ...stored }] }), 'a.onnx').graph.initializers.get('t') as Tensor;
}

function refused(bytes: Uint8Array, why: RegExp): void {
  assert.throws(
    () => readModel(bytes, 'a.onnx'),
    (error) =>
      error instanceof UserError && error.message.startsWith('a.onnx: ') && !error.message.includes('\n') && why.test(error.message),
  );
}

const graphOf = (graph: Partial<Graph>): Uint8Array =>
  writeModel({
    graph: { ...smallModel().graph, nodes: [], inputs: [], outputs: [], initializers: new Map(), ...graph },
    opset: 18,
    metadata: {},
  });

describe('a model', () => {
  test('is the same after writing and reading', () => {
    const model = smallModel();
    const bytes = writeModel(model);
    assert.deepEqual(readModel(bytes), model);
    assert.deepEqual(writeModel(readModel(bytes)), bytes);
  });

  test('keeps the largest integer, which older exporters write for "to the end"', () => {
    const graph = { node: [{ opType: 'Slice', output: ['y'], attribute: [{ name: 'ends', type: Kind.INTS, ints: [2n ** 63n - 1n] }] }] };
    const again = writeModel(readModel(file(graph)));
    const { ends } = readModel(again).graph.nodes[0].attributes;
    assert.deepEqual(ends, { kind: 'ints', value: [2 ** 63] });
  });

  test('cut short anywhere is refused, or still whole', () => {
    const model = smallModel();
    const bytes = writeModel(model);
    let readable = 0;
    for (let length = 0; length < bytes.length; length++) {
      try {
        const { graph } = readModel(bytes.subarray(0, length), 'a.onnx');
        // Only the metadata, which come last, can be missing unnoticed.
        assert.deepEqual(graph, model.graph, `cut to ${length} bytes`);
        readable++;
      } catch (error) {
        assert.ok(error instanceof UserError, `cut to ${length} bytes: ${(error as Error).stack}`);
      }
    }
    assert.ok(readable < 5, `${readable} of ${bytes.length} cuts went unnoticed`);
  });

  test('with any one byte changed is refused or read, but never breaks the reader', () => {
    const bytes = writeModel(smallModel());
    for (let position = 0; position < bytes.length; position++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[position] ^= flip;
        try {
          readModel(changed, 'a.onnx');
        } catch (error) {
          assert.ok(error instanceof UserError, `byte ${position} ^ ${flip}: ${(error as Error).stack}`);
        }
      }
    }
  });

  test('is read whatever the order of its nodes', () => {
    const chain = ['a', 'b', 'c', 'd', 'e'].map((name, i, names) => node('Neg', [i === 0 ? 'x' : names[i - 1]], [name]));
    const inputs = [{ name: 'x', type: 'float32', dims: [1] }] as const;
    for (const order of [
      [4, 3, 2, 1, 0],
      [2, 0, 4, 1, 3],
      [0, 1, 2, 3, 4],
    ]) {
      const { graph } = readModel(graphOf({ inputs, nodes: order.map((i) => chain[i]), outputs: [{ name: 'e' }] }));
      assert.deepEqual(graph.nodes, chain);
    }
  });

  test('waits for what the body of a node reads', () => {
    const body: Graph = {
      ...smallModel().graph,
      inputs: [],
      initializers: new Map(),
      nodes: [node('Neg', ['late'], ['r'])],
      outputs: [{ name: 'r' }],
    };
    const branches = { then_branch: { kind: 'graph', value: body }, else_branch: { kind: 'graph', value: body } } as const;
    const nodes = [node('If', ['c'], ['y'], branches), node('Neg', ['x'], ['late'])];
    const inputs = [
      { name: 'x', type: 'float32' },
      { name: 'c', type: 'bool' },
    ] as const;
    const { graph } = readModel(graphOf({ inputs, nodes, outputs: [{ name: 'y' }] }));
    assert.deepEqual(
      graph.nodes.map(({ opType }) => opType),
      ['Neg', 'If'],
    );
  });
});

describe('a tensor', () => {
  const expected = tensorsOfEveryType();
  const code = (type: DataType) => dataTypeCode(type);

  test('may list its values instead of holding bytes', () => {
    const dims = [2n, 2n];
    const floatData = [...(expected.float32.data as Float32Array)];
    assert.deepEqual(readTensor({ dataType: code('float32'), dims, floatData }), expected.float32);
    assert.deepEqual(readTensor({ dataType: code('float64'), dims: [1n], doubleData: [Math.PI] }), expected.float64);
    assert.deepEqual(readTensor({ dataType: code('int64'), dims: [2n], int64Data: [2n ** 63n - 1n, -(2n ** 63n)] }), expected.int64);
    assert.deepEqual(readTensor({ dataType: code('uint64'), dims: [1n], uint64Data: [2n ** 64n - 1n] }), expected.uint64);
    assert.deepEqual(readTensor({ dataType: code('uint32'), dims: [1n], uint64Data: [2n ** 32n - 1n] }), expected.uint32);
    for (const type of ['float16', 'int32', 'int16', 'uint16', 'int8', 'uint8', 'bool'] as const) {
      const { dims, data } = expected[type];
      const int32Data = Array.from(data as Int32Array);
      assert.deepEqual(readTensor({ dataType: code(type), dims: dims.map(BigInt), int32Data }), expected[type]);
    }
    assert.deepEqual(readTensor({ dataType: code('float32'), floatData: [3] }), expected.scalar);
  });

  test('whose size and content disagree is refused', () => {
    const floats = (stored: TensorInit) => file({ initializer: [{ name: 't', dataType: code('float32'), ...stored }] });
    refused(floats({ dims: [3n], floatData: [1, 2] }), /tensor 't': shape \[3\] needs 3 values, the file holds 2/);
    refused(
      floats({ dims: [3n], rawData: bytesOf(float32([2], [1, 2])) }),
      /tensor 't': float32 \[3\] takes 12 bytes, but the file holds 8/,
    );
    refused(floats({ dims: [-1n], floatData: [1] }), /negative size \[-1\]/);
    refused(floats({ dims: [2n ** 40n, 2n ** 40n] }), /needs \S+ values, the file holds 0/);
    refused(floats({ dims: [0n], rawData: Uint8Array.of(1, 2, 3, 4) }), /takes 0 bytes/);
  });

  test('outside the file, or of an unknown type, is refused', () => {
    refused(file({ initializer: [{ name: 't', dataType: 1, dims: [1n], dataLocation: 1 }] }), /tensor 't': is stored outside the file/);
    refused(file({ initializer: [{ name: 't', dataType: 8, dims: [1n] }] }), /tensor 't': element type 8 is not supported/);
  });
});

describe('the reader', () => {
  test('names what is wrong with a graph', () => {
    const x = { inputs: [{ name: 'x', type: 'float32' }] } as const;
    refused(graphOf({ ...x, nodes: [node('Neg', ['x'], ['y']), node('Neg', ['x'], ['y'])] }), /value 'y' is produced twice/);
    refused(graphOf({ ...x, nodes: [node('Neg', ['x'], ['x'])] }), /Neg 'x' depends on itself/);
    refused(
      graphOf({ ...x, nodes: [node('Neg', ['x'], ['y'])], initializers: new Map([['y', float32([], [1])]]) }),
      /value 'y' is defined twice/,
    );
    refused(graphOf({ ...x, nodes: [node('Neg', ['nowhere'], ['y'])] }), /Neg 'y' reads 'nowhere', which nothing produces/);
    refused(graphOf({ ...x, outputs: [{ name: 'z' }] }), /nothing produces its output 'z'/);
    const cycle = [node('Neg', ['c'], ['after']), node('Add', ['x', 'c'], ['a']), node('Neg', ['a'], ['b']), node('Neg', ['b'], ['c'])];
    refused(graphOf({ ...x, nodes: cycle }), /(Add 'a'|Neg 'b'|Neg 'c') depends on itself/);
    const twice = { name: 't', dataType: 1, floatData: [1] };
    refused(file({ initializer: [twice, twice] }), /tensor 't' is stored twice/);
  });

  test('refuses what is no model', () => {
    refused(new Uint8Array(0), /no graph inside/);
    refused(new TextEncoder().encode('<!DOCTYPE html>'), /not a readable ONNX file/);
    refused(toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: {} })), /names no ONNX operator set/);
  });

  test('refuses attributes that it does not know', () => {
    const attribute = (init: MessageInitShape<typeof AttributeProtoSchema>) =>
      file({ node: [{ opType: 'X', name: 'n', output: ['y'], attribute: [init] }] });
    refused(attribute({ name: 'a', type: Kind.GRAPHS }), /X 'n', attribute 'a': attributes of kind GRAPHS are not supported/);
    refused(attribute({ name: 'a', type: 99 as Kind }), /attributes of kind 99/);
    refused(attribute({ name: 'a', type: Kind.TENSOR }), /attribute 'a'/);
  });

  test('refuses inputs that are no tensors, and takes sizes that are not known', () => {
    refused(file({ input: [{ name: 'x' }] }), /value 'x' is not a tensor/);
    const dim = [
      { value: { case: 'dimValue' as const, value: -1n } },
      {},
      { value: { case: 'dimParam' as const, value: 'H' } },
      { value: { case: 'dimValue' as const, value: 5n } },
    ];
    const type = { value: { case: 'tensorType' as const, value: { elemType: 1, shape: { dim } } } };
    assert.deepEqual(readModel(file({ input: [{ name: 'x', type }] })).graph.inputs[0].dims, ['unknown_0', 'unknown_1', 'H', 5]);
  });

  test('survives graphs nested too deep for the stack', () => {
    for (const depth of [10, 1000]) {
      // Written by hand, as the writer itself would run out of stack first.
      let graph: Uint8Array = new Uint8Array(0);
      for (let level = 0; level < depth; level++)
        graph = field(1, field(5, Buffer.concat([field(6, graph), Uint8Array.of(0xa0, 1, Kind.GRAPH)])));
      const bytes = new Uint8Array([...field(7, graph), ...field(8, new Uint8Array([0x10, 18]))]);
      if (depth === 10) assert.equal(depthOf(readModel(bytes).graph), depth);
      else refused(bytes, /recursion depth/);
    }
  });
});

/** A length-delimited field of the wire format. */
function field(number: number, content: Uint8Array): Uint8Array {
  const head = [(number << 3) | 2];
  let length = content.length;
  for (; length > 127; length >>= 7) head.push((length & 127) | 128);
  const bytes = new Uint8Array(head.length + 1 + content.length);
  bytes.set([...head, length]);
  bytes.set(content, head.length + 1);
  return bytes;
}

function depthOf(graph: Graph): number {
  const [body] = graph.nodes.flatMap((node) => Object.values(node.attributes));
  return body?.kind === 'graph' ? 1 + depthOf(body.value) : 0;
}
