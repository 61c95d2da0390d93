import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { UserError } from '../core/errors.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { asSource } from '../formats/byte-source.js';
import { widen } from '../formats/half.js';
import { asConstantsReversed, foreignModel, withDataBeside } from '../testing/foreign-model.js';
import { AttributeProtoSchema, AttributeProto_AttributeType as Kind, ModelProtoSchema, NodeProtoSchema } from './gen/onnx_pb.js';
import { inlineExternal, patchModel } from './patch.js';
import { decodeProto, readModel } from './read.js';

const options = { file: 'm.onnx', location: 'new.onnx.data' };
const bias = float32([4], [1, 2, 3, 4]);
const patch = (bytes: Uint8Array, values: Record<string, Tensor>) => patchModel(bytes, new Map(Object.entries(values)), options).model;

/** What a model file says of everything but the values in one tensor. */
function withoutTensor(bytes: Uint8Array, name: string): unknown {
  const proto = decodeProto(bytes, 'm.onnx');
  for (const stored of proto.graph.initializer)
    if (stored.name === name) Object.assign(stored, { rawData: new Uint8Array(), floatData: [] });
  return proto;
}

describe('the same file with other weights', () => {
  test('differs in nothing else', () => {
    const bytes = foreignModel({ opset: 9, metadata: { author: 'somebody' } });
    const changed = patch(bytes, { 'conv1.bias': bias });
    assert.deepEqual(withoutTensor(changed, 'conv1.bias'), withoutTensor(bytes, 'conv1.bias'));
    const { graph, opset, metadata } = readModel(changed);
    assert.deepEqual(floats(graph.initializers.get('conv1.bias')), bias.data);
    assert.deepEqual([opset, metadata], [9, { author: 'somebody' }]);
  });

  test('is the same bytes where no weight changed', () => {
    const bytes = foreignModel();
    assert.deepEqual(patch(bytes, {}), bytes);
  });

  test('keeps fields that are not known here', () => {
    const bytes = foreignModel();
    // Field 25 of a model, its functions; field 15 of a graph, its sparse tensors.
    const unknown = (no: number) => ({ no, wireType: 2, data: Uint8Array.of(3, 1, 2, 3) });
    const proto = decodeProto(bytes, 'm.onnx');
    proto.$unknown = [unknown(25)];
    proto.graph.$unknown = [unknown(15)];
    const changed = decodeProto(patch(toBinary(ModelProtoSchema, proto), { 'conv1.bias': bias }), 'm.onnx');
    assert.deepEqual(
      changed.$unknown?.map(({ no, data }) => [no, ...data]),
      [[25, 3, 1, 2, 3]],
    );
    assert.deepEqual(
      changed.graph.$unknown?.map(({ no }) => no),
      [15],
    );
  });

  test('holds them where and as they were: in Constant nodes', () => {
    const bytes = asConstantsReversed(foreignModel());
    const changed = decodeProto(patch(bytes, { 'conv1.bias': bias }), 'm.onnx');
    assert.deepEqual(changed.graph.initializer, []);
    const node = changed.graph.node.find(({ output }) => output[0] === 'conv1.bias');
    assert.deepEqual(Array.from(node?.attribute[0].t?.rawData ?? []), Array.from(new Uint8Array(bias.data.buffer)));
  });

  test('as numbers of Constant nodes', () => {
    const proto = decodeProto(foreignModel(), 'm.onnx');
    const constant = (name: string, attribute: MessageInitShape<typeof AttributeProtoSchema>) =>
      create(NodeProtoSchema, { opType: 'Constant', output: [name], attribute: [create(AttributeProtoSchema, attribute)] });
    proto.graph.node.push(constant('one', { name: 'value_float', type: Kind.FLOAT, f: 5 }));
    proto.graph.node.push(constant('some', { name: 'value_floats', type: Kind.FLOATS, floats: [5, 6] }));
    const changed = decodeProto(patch(toBinary(ModelProtoSchema, proto), { one: float32([], [7]), some: float32([2], [8, 9]) }), 'm.onnx');
    const [one, some] = changed.graph.node.slice(-2);
    assert.equal(one.attribute[0].f, 7);
    assert.deepEqual(some.attribute[0].floats, [8, 9]);
  });

  test('in half precision', () => {
    const changed = readModel(patch(foreignModel({ weights: 'float16' }), { 'conv1.bias': bias })).graph.initializers.get('conv1.bias');
    assert.equal(changed?.type, 'float16');
    assert.deepEqual(widen('float16', changed?.data as Uint16Array), bias.data);
  });

  test('in one new file beside it', () => {
    const { model, data } = withDataBeside(foreignModel(), 'old.bin');
    const external = () => asSource(data);
    const patched = patchModel(model, new Map([['conv1.bias', bias]]), { ...options, external });
    const beside = Buffer.concat(patched.data ?? []);
    const locations = new Set(decodeProto(patched.model, 'm.onnx').graph.initializer.map(({ externalData }) => externalData[0].value));
    assert.deepEqual([...locations], ['new.onnx.data']);
    const read = (location: string) => {
      assert.equal(location, 'new.onnx.data');
      return asSource(beside);
    };
    const [before, after] = [readModel(model, 'm.onnx', external), readModel(patched.model, 'm.onnx', read)];
    for (const [name, value] of before.graph.initializers) {
      assert.deepEqual(after.graph.initializers.get(name), name === 'conv1.bias' ? bias : value);
    }
    const inline = readModel(inlineExternal(patched.model, 'm.onnx', read));
    assert.deepEqual(inline.graph.initializers, after.graph.initializers);
  });

  test('refuses what the file has no place for', () => {
    assert.throws(() => patch(foreignModel(), { other: bias }), /has no tensor 'other'/);
    assert.throws(() => patch(foreignModel(), { 'conv2.kernel': bias }), /has 24 elements, but 4 were given/);
  });
});

describe('tensors beside the file', () => {
  const { model, data } = withDataBeside(foreignModel(), 'old.bin');
  const refused = (change: (entries: Map<string, string>) => void, why: RegExp) =>
    test(`refused: ${why.source}`, () => {
      const proto = decodeProto(model, 'm.onnx');
      const [stored] = proto.graph.initializer;
      const entries = new Map(stored.externalData.map(({ key, value }) => [key, value]));
      change(entries);
      stored.externalData = Array.from(entries, ([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto', key, value }));
      assert.throws(
        () => readModel(toBinary(ModelProtoSchema, proto), 'm.onnx', () => asSource(data)),
        (error) => error instanceof UserError && error.message.startsWith("m.onnx: tensor 'conv1.weight'") && why.test(error.message),
      );
    });
  refused((entries) => entries.set('location', '../../etc/passwd'), /no path below the model's folder/);
  refused((entries) => entries.set('location', '/etc/passwd'), /no path below the model's folder/);
  refused((entries) => entries.delete('location'), /no path below the model's folder/);
  refused((entries) => entries.set('offset', '-4'), /has the offset '-4'/);
  refused((entries) => entries.set('offset', '99999999999999999999'), /has the offset/);
  refused((entries) => entries.set('length', '12'), /takes 432 bytes, but 12 are stored for it/);
  refused((entries) => entries.set('offset', String(data.length - 4)), /which has only \d+; get the whole file/);

  test('refused where nothing can be read beside it', () => {
    assert.throws(() => readModel(model, 'm.onnx'), /stored outside the file/);
  });
});
