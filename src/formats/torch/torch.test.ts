import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { float32, int64, type Tensor, tensor } from '../../core/tensor.js';
import { readFixtureBytes } from '../../testing/fixtures.js';
import { type CheckpointOptions, loadCheckpoint, readTorch } from '../checkpoint.js';
import type { Value } from '../pickle/values.js';
import { PickleWriter } from '../pickle/writer.js';
import { writeSafetensors } from '../safetensors.js';
import { openZip } from '../zip/read.js';
import { writeZip } from '../zip/write.js';
import { remedyFor } from './globals.js';
import { TorchTensor } from './tensor.js';
import { writeTorch } from './write.js';

const load = (name: string, options?: CheckpointOptions) => loadCheckpoint(readFixtureBytes(`formats/${name}`), name, options);
const numbers = (first: number, step: number, count: number) => Array.from({ length: count }, (_, i) => first + i * step);
const small = new Map<string, Tensor>([
  ['conv.weight', float32([2, 1, 1, 1], [0.5, 0.5])],
  ['bn.running_var', float32([2], [1, 1])],
  ['bn.num_batches_tracked', int64([], [9])],
]);
/** What scripts/fixtures/checkpoints.py put into variety.pt. */
const variety = new Map<string, Tensor>([
  ['float32', float32([2, 2], [1.5, -2, 0.25, 3])],
  ['float64', tensor('float64', [1], Float64Array.of(1e-300))],
  ['float16', float32([2], [1.5, -0.0999755859375])],
  ['bfloat16', float32([2], [1.5, -0.10009765625])],
  ['int64', int64([], [2 ** 40 + 1])],
  ['int32', tensor('int32', [1], Int32Array.of(-5))],
  ['int16', tensor('int16', [1], Int16Array.of(-5))],
  ['int8', tensor('int8', [1], Int8Array.of(-5))],
  ['uint8', tensor('uint8', [1], Uint8Array.of(250))],
  ['bool', tensor('bool', [2], Uint8Array.of(1, 0))],
  ['empty', float32([0, 3], [])],
  ['whole', float32([4, 6], numbers(0, 1, 24))],
  ['part', float32([6], numbers(4, 1, 6))],
  [
    'transposed',
    float32(
      [6, 4],
      numbers(0, 1, 6).flatMap((column) => numbers(column, 6, 4)),
    ),
  ],
  ['every_other', float32([12], numbers(1, 2, 12))],
  ['same', float32([4, 6], numbers(0, 1, 24))],
  ['expanded', float32([2, 2], [3, 3, 3, 3])],
  ['channels_last', float32([1, 2, 1, 3], numbers(0, 1, 6))],
  ['parameter', float32([1], [7])],
]);

function refused(run: () => unknown, why: RegExp): void {
  assert.throws(run, (error) => error instanceof UserError && !error.message.includes('\n') && why.test(error.message), String(why));
}

describe('a state dictionary of PyTorch', () => {
  for (const [name, format] of [
    ['variety.pt', 'torch-zip'],
    ['variety-legacy.pt', 'torch-legacy'],
  ]) {
    // biome-ignore format: one line
    test(`is read with every type, stride, offset and shared storage: ${format}`, () => {
      const { tensors, storedAs, ...rest } = load(name);
      assert.deepEqual(tensors, variety);
      assert.deepEqual([...storedAs], [['float16', 'float16'], ['bfloat16', 'bfloat16']]); // biome-ignore format: one line
      assert.deepEqual(rest, { format, others: new Map(), choice: 'took the 19 tensors of the file' });
      assert.equal(tensors.get('same'), tensors.get('whole'));
    });
  }

  test('is the same after writing and reading, and in the file of PyTorch', () => {
    const { tensors, storedAs } = load('variety.pt');
    const bytes = writeTorch(tensors, { storedAs });
    const back = loadCheckpoint(bytes, 'b');
    assert.deepEqual(back.tensors, tensors);
    assert.deepEqual(back.storedAs, storedAs);
    assert.equal(back.tensors.get('same'), back.tensors.get('whole'));
    assert.deepEqual(writeTorch(back.tensors, { storedAs }), bytes);
    assert.equal(loadCheckpoint(writeTorch(new Map([['', float32([1], [1])]])), 'b').tensors.size, 1);
  });

  test('is written as PyTorch expects it', () => {
    const bytes = writeTorch(small);
    const archive = openZip(bytes, 'a');
    const names = ['archive/data.pkl', 'archive/byteorder', 'archive/data/0', 'archive/data/1', 'archive/data/2', 'archive/version'];
    assert.deepEqual([...archive.entries.keys()], names);
    for (const name of names) assert.equal((archive.read(name).byteOffset - bytes.byteOffset) % 64, 0);
    assert.equal(new TextDecoder().decode(archive.read('archive/version')), '3\n');
    refused(
      () => writeTorch(new Map([['w', tensor('uint32', [1], Uint32Array.of(1))]])),
      /tensor 'w' is uint32, for which PyTorch has no storage/,
    );
  });
});

test('what can do harm is told from what is only no number', () => {
  for (const name of ['os.system', 'builtins.eval', 'builtins.getattr', 'builtins.settings']) assert.match(remedyFor(name), /can do harm/);
  for (const name of ['builtins.set', 'pathlib.PosixPath', 'ossuary.Bone']) assert.match(remedyFor(name), /load it in Python and save/);
});

describe('a checkpoint', () => {
  test('gives the dictionary under its usual name, without what wrappers put before every name', () => {
    for (const [name, prefix] of [
      ['checkpoint.pt', 'module.'],
      ['checkpoint-legacy.pt', 'module._orig_mod.'],
    ]) {
      // biome-ignore format: one line
      const { tensors, foundUnder, strippedPrefix, others, choice } = load(name);
      assert.deepEqual(tensors, small);
      assert.deepEqual([foundUnder, strippedPrefix], ['state_dict', prefix]);
      assert.deepEqual([...others.keys()], ['epoch', 'arch', 'best', 'optimizer', 'scheduler', 'args']);
      assert.equal(others.get('epoch'), 3);
      assert.ok(others.get('best') instanceof TorchTensor);
      const args = [['lr', 0.1], ['device', 'cuda:0'], ['shape', [3, 32, 32]]] as [string, Value][]; // biome-ignore format: one line
      const found = new Map(others.get('args') as Map<string, Value>);
      found.delete('dtype');
      assert.deepEqual(found, new Map(args));
      assert.match(choice, /^took the 3 tensors under 'state_dict' \(left out: 'epoch', .* and 1 more\), without 'module\./);
    }
  });

  test('is searched one level down, and may mix tensors with other entries', () => {
    assert.deepEqual(load('deep.pt').tensors, small);
    assert.equal(load('deep.pt').foundUnder, 'model.state_dict');
    const mixed = load('mixed.pt');
    assert.deepEqual(mixed.tensors, small);
    assert.deepEqual(mixed.others, new Map([['epoch', 1]]));
  });

  test('with several dictionaries needs the name of one', () => {
    refused(() => load('two.pt'), /^two\.pt: holds several state dictionaries; choose one of 'first', 'second'$/);
    assert.deepEqual(load('two.pt', { key: 'first' }).tensors, small);
    assert.equal(load('two.pt', { key: 'second' }).strippedPrefix, undefined);
    refused(() => load('two.pt', { key: 'third' }), /no state dictionary under 'third'; choose one of 'first', 'second'/);
    refused(() => load('none.pt'), /holds no tensors by name \(it holds 'epoch', 'names'\)/);
  });

  test('may be safetensors', () => {
    const { tensors, format } = loadCheckpoint(writeSafetensors({ tensors: small, metadata: { a: 'b' } }), 's');
    assert.deepEqual(tensors, small);
    assert.equal(format, 'safetensors');
  });
});

describe('a file is refused', () => {
  test('that holds objects of classes, naming them and the remedy', () => {
    for (const name of ['module.pt', 'module-legacy.pt']) {
      refused(
        () => load(name),
        /at byte \d+ \(GLOBAL\): it asks for 'torch\.nn\.modules\.container\.Sequential'.*torch\.save\(model\.state_dict\(\)/,
      );
    }
    refused(() => load('script.pt'), /is a TorchScript program; in Python, save torch\.save\(model\.state_dict\(\)/);
  });

  test('that would run a program, whatever else it holds, with a warning', () => {
    refused(
      () => load('system.pt'),
      /^system\.pt: 'archive\/data\.pkl': .* at byte 381 \(GLOBAL\): it asks for 'posix\.system'.*do not open the file in Python/,
    );
  });

  test('that is of another kind', () => {
    const begins =
      (...bytes: number[]) =>
      () =>
        loadCheckpoint(Uint8Array.from([...bytes, ...new Array(600).fill(1)]), 'x');
    refused(begins(0x1f, 0x8b), /x: is compressed with gzip/);
    refused(begins(0x80, 4), /is a pickle that torch\.save did not write/);
    refused(begins(8, 7), /looks like an ONNX model/);
    refused(begins(1, 2), /is of an unknown kind/);
    refused(begins(...new Array(257).fill(0x61), ...new TextEncoder().encode('ustar')), /is a tar archive/);
    refused(() => loadCheckpoint(new Uint8Array(0), 'x'), /unknown kind/);
    refused(() => load('plain.zip'), /is a zip archive, but PyTorch did not save it/);
  });

  test('cut short at any byte', () => {
    for (const name of ['deep.pt', 'checkpoint-legacy.pt']) {
      const bytes = readFixtureBytes(`formats/${name}`);
      for (let length = 0; length < bytes.length; length++) refused(() => loadCheckpoint(bytes.subarray(0, length), name), /./);
    }
    const legacy = readFixtureBytes('formats/checkpoint-legacy.pt');
    refused(() => loadCheckpoint(Uint8Array.of(...legacy, 0), 'x'), /1 bytes behind its last storage/);
  });
});

describe('a tensor is refused', () => {
  /** A file whose only tensor views a storage of three float32 numbers. */
  function viewing({ offset = 0, dims = [3], strides = [1], count = 3, kind = 'FloatStorage', key = '0', bytes = 12 } = {}): Uint8Array {
    const pickle = new PickleWriter().op('}(').text('w').global('torch._utils', '_rebuild_tensor_v2').op('((').text('storage');
    pickle.global('torch', kind).text(key).text('cpu').whole(count).op('tQ').whole(offset).wholes(dims).wholes(strides);
    pickle.truth(false).global('collections', 'OrderedDict').op(')RtRu');
    return writeZip(new Map([['a/data.pkl', pickle.end()], ['a/data/0', new Uint8Array(bytes)]])); // biome-ignore format: one line
  }
  const loadView = (view: Parameters<typeof viewing>[0]) => () => loadCheckpoint(viewing(view), 'x');

  test('that does not fit its storage', () => {
    assert.equal(loadView({})().tensors.size, 1);
    assert.equal(loadView({ dims: [0, 9], strides: [5, 5], offset: 3 })().tensors.size, 1);
    refused(loadView({ dims: [4] }), /reaches to element 4 of a storage of 3/);
    refused(loadView({ offset: 1 }), /reaches to element 4 of a storage of 3/);
    refused(loadView({ strides: [2] }), /reaches to element 5/);
    refused(loadView({ dims: [0], offset: 4 }), /reaches to element 4/);
    refused(loadView({ dims: [2 ** 53 - 1, 2 ** 53 - 1], strides: [2 ** 53 - 1, 1] }), /reaches to element/);
    refused(loadView({ strides: [1, 1] }), /1 sizes and 2 strides/);
    refused(loadView({ dims: new Array(65).fill(1), strides: new Array(65).fill(1) }), /65 sizes/);
  });

  test('whose storage is not as described', () => {
    refused(loadView({ bytes: 11 }), /asks for a storage of 12 bytes, the archive's has 11/);
    refused(loadView({ count: 2 ** 40 }), /asks for a storage of 4398046511104 bytes/);
    refused(loadView({ key: '1' }), /asks for a storage that the archive lacks/);
    refused(loadView({ key: '../data.pkl' }), /asks for a storage that the archive lacks/);
    refused(loadView({ kind: 'ComplexFloatStorage' }), /asks for 'torch\.ComplexFloatStorage'/);
    refused(loadView({ kind: 'Size' }), /asks for a storage of the name 'torch\.Size'/);
  });

  test('that would take more memory than the file', () => {
    refused(loadView({ dims: [3, 2 ** 40], strides: [1, 0] }), /would take \d+ bytes, more than the file has to offer/);
    const views = readTorch(viewing({ dims: [100, 2], strides: [0, 1] }), 'x').value as Map<string, Value>;
    const view = views.get('w') as TorchTensor;
    const allowance = { left: 1000 };
    view.read(allowance, 'x');
    assert.equal(allowance.left, 200);
    refused(() => view.read(allowance, 'x'), /would take 800 bytes/);
  });
});
