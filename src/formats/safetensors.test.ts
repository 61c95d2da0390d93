import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { float32, type Tensor, tensor, zeros } from '../core/tensor.js';
import { tensorsOfEveryType } from '../testing/small-model.js';
import { inHalf, readSafetensors, type TensorFile, widenHalves, writeSafetensors } from './safetensors.js';

const sample: TensorFile = { tensors: new Map(Object.entries(tensorsOfEveryType())), metadata: { run: 'größer\n"x"', format: 'pt' } };

/** A file with the given header text and data. */
function file(header: string, data: ArrayLike<number> = []): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

function refused(bytes: Uint8Array, why: RegExp): void {
  assert.throws(
    () => readSafetensors(bytes, 'a.safetensors'),
    (error) =>
      error instanceof UserError && error.message.startsWith('a.safetensors: ') && !error.message.includes('\n') && why.test(error.message),
    String(why),
  );
}

describe('safetensors', () => {
  test('are the same after writing and reading', () => {
    const bytes = writeSafetensors(sample);
    assert.deepEqual(readSafetensors(bytes, 'a'), sample);
    assert.deepEqual(writeSafetensors(readSafetensors(bytes, 'a')), bytes);
    // Not at the beginning of a buffer, either.
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    assert.deepEqual(readSafetensors(shifted.subarray(3), 'a'), sample);
    const nothing = { tensors: new Map<string, Tensor>(), metadata: {} };
    assert.deepEqual(readSafetensors(writeSafetensors(nothing), 'a'), nothing);
  });

  test('have the layout that others read', () => {
    const bytes = writeSafetensors({ tensors: new Map([['w', float32([1, 2], [1, -2])]]), metadata: { a: 'b' } });
    const header = '{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    assert.deepEqual(bytes, file(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]));
  });

  test('are read in any order of the header', () => {
    const header =
      '{"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"none":{"dtype":"F32","shape":[0,4],"data_offsets":[1,1]},"a":{"dtype":"I8","shape":[],"data_offsets":[0,1]}}';
    const { tensors, metadata } = readSafetensors(file(header, [255, 2, 3]), 'a');
    assert.deepEqual(tensors.get('a'), { type: 'int8', dims: [], data: Int8Array.of(-1) });
    assert.deepEqual(tensors.get('b'), { type: 'uint8', dims: [2], data: Uint8Array.of(2, 3) });
    assert.deepEqual(tensors.get('none'), zeros('float32', [0, 4]));
    assert.deepEqual(metadata, {});
  });

  test('are read from 16 bits and written back so', () => {
    const header =
      '{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]},"c":{"dtype":"I8","shape":[8],"data_offsets":[8,16]}}';
    const bytes = file(header.padEnd(Math.ceil(header.length / 8) * 8), [0x80, 0x3f, 0x40, 0xc0, 0, 0x3c, 0, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8]);
    const raw = readSafetensors(bytes, 'a');
    assert.deepEqual(raw.tensors.get('a'), float32([2], [1, -3]));
    assert.deepEqual(raw.tensors.get('b'), tensor('float16', [1, 2], Uint16Array.of(0x3c00, 0xb800)));
    const wide = widenHalves(raw);
    assert.deepEqual(wide.tensors.get('b'), float32([1, 2], [1, -0.5]));
    assert.deepEqual([...wide.storedAs], [['a', 'bfloat16'], ['b', 'float16']]); // biome-ignore format: one line
    assert.deepEqual(writeSafetensors(raw), bytes);
    assert.deepEqual(writeSafetensors(wide), bytes);
  });

  test('are rounded to 16 bits when asked for', () => {
    const tensors = new Map<string, Tensor>([['w', float32([2], [1 / 3, 70000])], ['n', tensor('int64', [], BigInt64Array.of(7n))]]); // biome-ignore format: one line
    const rounded = widenHalves(readSafetensors(writeSafetensors({ tensors, metadata: {}, storedAs: inHalf(tensors) }), 'a'));
    assert.deepEqual(rounded.tensors.get('w'), float32([2], [0.333251953125, Number.POSITIVE_INFINITY]));
    assert.deepEqual(rounded.tensors.get('n'), tensors.get('n'));
    const coarse = readSafetensors(writeSafetensors({ tensors, metadata: {}, storedAs: inHalf(tensors, 'bfloat16') }), 'a');
    assert.deepEqual(coarse.tensors.get('w'), float32([2], [0.333984375, 70144]));
    assert.throws(() => writeSafetensors({ tensors, metadata: {}, storedAs: new Map([['n', 'float16']]) }), /tensor 'n' is int64/);
  });

  test('keep names that mean something to JavaScript', () => {
    const tensors = new Map(['__proto__', 'constructor', 'toString', ' '].map((name, i) => [name, float32([1], [i])]));
    assert.deepEqual(readSafetensors(writeSafetensors({ tensors, metadata: {} }), 'a').tensors, tensors);
  });
});

describe('a damaged file is refused', () => {
  test('cut short at any byte, or with bytes added', () => {
    const bytes = writeSafetensors(sample);
    for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length), /./);
    refused(Uint8Array.of(...bytes, 0), /its last 1 bytes belong to no tensor/);
  });

  test('with any one byte of its header changed, or read', () => {
    const bytes = writeSafetensors(sample);
    const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    for (let position = 0; position < end; position++) {
      for (const flip of [0x01, 0x10, 0x80, 0xff]) {
        const changed = bytes.slice();
        changed[position] ^= flip;
        try {
          readSafetensors(changed, 'a');
        } catch (error) {
          assert.ok(error instanceof UserError, `byte ${position} ^ ${flip}: ${(error as Error).stack}`);
        }
      }
    }
  });

  test('whose header is no header', () => {
    refused(new Uint8Array(7), /shorter than 8 bytes/);
    refused(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), /header is longer than the file/);
    refused(new Uint8Array(16).fill(255), /header is longer than the file/);
    refused(file(''), /header is not JSON/);
    refused(file('{'), /header is not JSON/);
    refused(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff), /header is not JSON/);
    for (const header of ['null', '[]', '3', '"x"']) refused(file(header), /header is not an object/);
    refused(new TextEncoder().encode('PK\x03\x04 a zip file and not what one hoped for'), /header is longer than the file/);
  });

  test('whose tensors are not described properly', () => {
    const described = (entry: string) => file(`{"w":${entry}}`, [0, 0, 0, 0]);
    for (const entry of [
      'null',
      '3',
      '[]',
      '"F32"',
      '{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}',
      '{"dtype":5,"shape":[4],"data_offsets":[0,4]}',
    ])
      refused(described(entry), /tensor 'w' has the unsupported type/);
    for (const shape of ['null', '4', '[1.5]', '[-1]', '["4"]', '[1e300]', '{"length":0}'])
      refused(described(`{"dtype":"U8","shape":${shape},"data_offsets":[0,4]}`), /tensor 'w' has no proper shape/);
    for (const offsets of ['null', '[0]', '[0,4,4]', '[4,0]', '[-4,0]', '[0.5,4]', '["0","4"]', '{}'])
      refused(described(`{"dtype":"U8","shape":[4],"data_offsets":${offsets}}`), /tensor 'w' has no proper offsets/);
    refused(described('{"dtype":"U8","shape":[5],"data_offsets":[0,5]}'), /tensor 'w' reaches beyond the end/);
    refused(described('{"dtype":"F32","shape":[2],"data_offsets":[0,4]}'), /tensor 'w': float32 \[2\] takes 8 bytes, but the file holds 4/);
    refused(described('{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,4]}'), /tensor 'w'/);
  });

  test('whose tensors overlap or leave holes', () => {
    const two = (a: string, b: string) =>
      file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":${a}},"b":{"dtype":"U8","shape":[2],"data_offsets":${b}}}`, [1, 2, 3, 4, 5]);
    refused(two('[0,2]', '[1,3]'), /'b' does not begin where the one before it ends/);
    refused(two('[0,2]', '[0,2]'), /'b' does not begin/);
    refused(two('[0,2]', '[3,5]'), /'b' does not begin/);
    refused(two('[0,2]', '[2,4]'), /last 1 bytes belong to no tensor/);
  });

  test('whose metadata are not strings', () => {
    for (const metadata of ['null', '3', '["a"]', '{"a":1}', '{"a":null}'])
      refused(file(`{"__metadata__":${metadata}}`), /metadata are not strings/);
  });
});
