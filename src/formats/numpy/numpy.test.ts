import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { bytesOf, type Tensor, tensor } from '../../core/tensor.js';
import { readFixtureBytes } from '../../testing/fixtures.js';
import { tensorsOfEveryType } from '../../testing/small-model.js';
import { unpickle } from '../pickle/unpickle.js';
import { type Key, textOf, type Value } from '../pickle/values.js';
import { readNpy, writeNpy } from './npy.js';
import { NumpyArray, numpyGlobals } from './pickled.js';

function refused(run: () => unknown, why: RegExp): void {
  assert.throws(run, (error) => error instanceof UserError && !error.message.includes('\n') && why.test(error.message), String(why));
}

function load(name: string): Map<Key, Value> {
  return unpickle(readFixtureBytes(`formats/${name}`), name, { globals: numpyGlobals }) as Map<Key, Value>;
}

function arrayOf(value: Value | undefined): Tensor {
  assert.ok(value instanceof NumpyArray);
  return value.toTensor();
}

const columns = tensor(
  'int64',
  [2, 3, 4],
  BigInt64Array.from({ length: 24 }, (_, i) => BigInt(i)),
);
const image = tensor('uint8', [2, 3], Uint8Array.of(0, 1, 2, 3, 4, 5));
const big = tensor('int16', [3], Int16Array.of(1, -2, 3));

describe('pickled arrays are read', () => {
  for (const protocol of [2, 4, 5]) {
    test(`from protocol ${protocol}`, () => {
      const loaded = load(`numpy${protocol}.pkl`);
      const array = (name: string) => arrayOf(loaded.get(name));
      assert.deepEqual(array('uint8').dims, image.dims);
      assert.deepEqual([...array('uint8').data], [...image.data]);
      assert.deepEqual(array('float32'), tensor('float32', [2, 2], Float32Array.of(1.5, -2, 3.25, 0)));
      assert.deepEqual(array('columns'), columns);
      assert.deepEqual(array('big'), big);
      assert.deepEqual(array('half'), tensor('float16', [2], Uint16Array.of(0x3c00, 0xb800)));
      assert.deepEqual(array('bool'), tensor('bool', [2], Uint8Array.of(1, 0)));
      assert.deepEqual(array('empty'), tensor('float64', [0, 4], new Float64Array(0)));
      assert.deepEqual(array('scalar'), tensor('float64', [], Float64Array.of(2.5)));
      assert.equal(loaded.get('number'), -7);
      assert.equal(loaded.get('fraction'), 0.25);
      assert.equal(loaded.get('truth'), true);
      assert.equal(loaded.get(3), 'key');
    });
  }

  test('as Python 2 wrote them in CIFAR', () => {
    const loaded = load('cifar-python2.pkl');
    const data = arrayOf(loaded.get('data'));
    assert.deepEqual([data.type, data.dims], ['uint8', [2, 12]]);
    assert.deepEqual(
      [...data.data],
      Array.from({ length: 24 }, (_, i) => (250 + i) % 256),
    );
    assert.deepEqual(loaded.get('fine_labels'), [19, 29]);
    assert.equal(textOf(loaded.get('batch_label')), 'training batch 1 of 1');
    assert.deepEqual((loaded.get('filenames') as Value[]).map(textOf), ['a_s_000001.png', 'b_s_000002.png']);
  });
});

describe('.npy files', () => {
  test('are read as NumPy writes them', () => {
    assert.deepEqual(readNpy(readFixtureBytes('formats/columns.npy'), 'a'), columns);
    assert.deepEqual(readNpy(readFixtureBytes('formats/big.npy'), 'a'), big);
    assert.deepEqual(readNpy(readFixtureBytes('formats/image.npy'), 'a'), image);
    assert.deepEqual(readNpy(readFixtureBytes('formats/scalar.npy'), 'a'), tensor('float64', [], Float64Array.of(2.5)));
  });

  test('are written as NumPy writes them', () => {
    assert.deepEqual(Buffer.from(writeNpy(image)), readFixtureBytes('formats/image.npy'));
  });

  test('are the same after writing and reading', () => {
    for (const value of Object.values(tensorsOfEveryType())) {
      const back = readNpy(writeNpy(value), 'a');
      assert.deepEqual([back.type, back.dims, bytesOf(back)], [value.type, value.dims, bytesOf(value)]);
    }
  });

  test('are refused when damaged or of another kind', () => {
    const bytes = writeNpy(image);
    for (let length = 0; length < bytes.length; length++) refused(() => readNpy(bytes.subarray(0, length), 'a.npy'), /^a\.npy: /);
    const withHeader = (from: string, to: string) => {
      const text = Buffer.from(bytes).toString('latin1');
      assert.ok(text.includes(from));
      return Uint8Array.from(Buffer.from(text.replace(from, to), 'latin1'));
    };
    refused(() => readNpy(withHeader('(2, 3)', '(2, 4)'), 'a'), /\(2, 4\) takes 8 bytes, but it holds 6/);
    refused(() => readNpy(withHeader("'|u1'", "'|O8'"), 'a'), /holds elements of type '\|O8'/);
    refused(() => readNpy(withHeader("'|u1'", '__im'), 'a'), /header is not that of a plain array/);
    refused(() => readNpy(withHeader('\x01\x00', '\x09\x00'), 'a'), /version 9/);
    refused(() => readNpy(withHeader('\x01\x00v\x00', '\x02\x00\xff\xff\xff\x7f'), 'a'), /header is longer than the file/);
  });
});
