import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tensorsOfEveryType } from '../testing/small-model.js';
import { UserError } from './errors.js';
import {
  argmaxRows,
  bytesOf,
  cloneTensor,
  type DataType,
  elementSize,
  float32,
  floats,
  full,
  int64,
  sizeOf,
  tensor,
  tensorFromBytes,
  zeros,
} from './tensor.js';

describe('a tensor', () => {
  test('has as many elements as its shape says', () => {
    assert.equal(sizeOf([]), 1);
    assert.equal(sizeOf([2, 3, 4]), 24);
    assert.equal(sizeOf([2, 0, 4]), 0);
    assert.throws(() => float32([2, 2], [1, 2, 3]), /a float32 tensor of shape \[2,2\] has 4 elements, but 3 were given/);
    assert.throws(() => tensor('int8', [], Int8Array.of()), /has 1 elements, but 0/);
  });

  test('does not share its shape with whoever made it', () => {
    const dims = [2];
    const value = float32(dims, [1, 2]);
    dims[0] = 3;
    assert.deepEqual(value.dims, [2]);
  });

  test('is made of one value, of zeros, or of integers', () => {
    assert.deepEqual(full([2], 0.5), { type: 'float32', dims: [2], data: Float32Array.of(0.5, 0.5) });
    assert.deepEqual(zeros('bool', [3]), { type: 'bool', dims: [3], data: new Uint8Array(3) });
    assert.deepEqual(int64([2], [-1, 7]), { type: 'int64', dims: [2], data: BigInt64Array.of(-1n, 7n) });
    assert.throws(() => int64([1], [0.5]), RangeError);
  });

  test('of any type goes to bytes and back', () => {
    for (const value of Object.values(tensorsOfEveryType())) {
      const bytes = bytesOf(value);
      assert.equal(bytes.length, sizeOf(value.dims) * elementSize(value.type));
      assert.deepEqual(tensorFromBytes(value.type, value.dims, bytes), value);
    }
  });

  test('can be read from bytes at any address, and does not change with them', () => {
    const source = new Uint8Array(9);
    source.set(bytesOf(float32([2], [1, -2])), 1);
    const value = tensorFromBytes('float32', [2], source.subarray(1));
    source.fill(255);
    assert.deepEqual(value, float32([2], [1, -2]));
    assert.deepEqual(tensorFromBytes('float32', [2], Buffer.from(bytesOf(value))), value);
  });

  test('is little-endian', () => {
    assert.deepEqual([...bytesOf(tensor('int32', [1], Int32Array.of(0x01020304)))], [4, 3, 2, 1]);
  });

  test('of the wrong number of bytes is refused by name', () => {
    const attempt = () => tensorFromBytes('int64', [2], new Uint8Array(15), "m.onnx: tensor 'w'");
    assert.throws(
      attempt,
      (error) =>
        error instanceof UserError && /^m\.onnx: tensor 'w': int64 \[2\] takes 16 bytes, but the file holds 15/.test(error.message),
    );
  });

  test('is copied deeply', () => {
    const original = float32([2], [1, 2]);
    const copy = cloneTensor(original);
    copy.data[0] = 9;
    assert.deepEqual(original.data, Float32Array.of(1, 2));
    assert.notEqual(copy.dims, original.dims);
  });

  test('shows a part of a larger buffer as just that part', () => {
    const value = tensor('float32', [2], new Float32Array([1, 2, 3, 4]).subarray(1, 3));
    assert.deepEqual(tensorFromBytes('float32', [2], bytesOf(value)).data, Float32Array.of(2, 3));
    assert.deepEqual(cloneTensor(value).data, Float32Array.of(2, 3));
  });
});

test('elements have the sizes of their arrays', () => {
  const types = Object.keys(tensorsOfEveryType()).filter((name): name is DataType => !['scalar', 'empty'].includes(name));
  assert.equal(types.length, 12);
  for (const type of types) assert.equal(zeros(type, [1]).data.BYTES_PER_ELEMENT, elementSize(type));
});

test('floats are asked for by name', () => {
  assert.deepEqual(floats(full([1], 2)), Float32Array.of(2));
  assert.throws(() => floats(int64([1], [1]), 'the loss'), /the loss is int64, expected float32/);
  assert.throws(() => floats(undefined, 'the loss'), /the loss is missing/);
});

test('the largest of each row is found, the first of equal ones', () => {
  assert.deepEqual([...argmaxRows([1, 3, 3, -1, -2, -3, 0, 0, 0], 3)], [1, 0, 0]);
  assert.deepEqual([...argmaxRows([5, 6], 1)], [0, 0]);
  assert.deepEqual([...argmaxRows([], 4)], []);
});
