import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { float32 } from '../core/tensor.js';
import { readFixtureBytes } from '../testing/fixtures.js';
import { readBackdoorBench } from './backdoorbench.js';
import { openZip } from './zip/read.js';
import { writeZip } from './zip/write.js';

const original = readFixtureBytes('formats/attack_result.pt');

/** The record with some bytes of its pickle replaced. */
function changed(from: string, to: string): Uint8Array {
  const archive = openZip(original, 'a');
  const entries = new Map([...archive.entries.keys()].map((name) => [name, archive.read(name)]));
  const pickle = Buffer.from(entries.get('archive/data.pkl') as Uint8Array).toString('latin1');
  assert.ok(pickle.includes(from), from);
  return writeZip(entries.set('archive/data.pkl', Buffer.from(pickle.replace(from, to), 'latin1')));
}

function refused(bytes: Uint8Array, why: RegExp): void {
  assert.throws(
    () => readBackdoorBench(bytes, 'a.pt'),
    (error) => error instanceof UserError && !error.message.includes('\n') && why.test(error.message),
    String(why),
  );
}

describe("BackdoorBench's record of an attack", () => {
  test('gives the model, the data sets and where each picture is', () => {
    const { tensors, storedAs, train, test: tested, ...rest } = readBackdoorBench(original, 'a.pt');
    assert.deepEqual(rest, { modelName: 'preactresnet18', classes: 3, imageShape: [3, 32, 32], dataset: 'cifar10' });
    assert.deepEqual([...tensors.keys()], ['conv.weight', 'bn.running_var', 'bn.num_batches_tracked']);
    assert.deepEqual(tensors.get('conv.weight'), float32([2, 1, 1, 1], [0.5, 0.5]));
    assert.equal(storedAs.size, 0);
    assert.deepEqual(train, {
      originalIndex: Int32Array.of(0, 1, 2, 3, 4, 5),
      poisoned: [
        { index: 1, label: 0, originalLabel: 1, file: 'bd_train_dataset/1/1.png' },
        { index: 5, label: 0, originalLabel: 2, file: 'bd_train_dataset/2/5.png' },
      ],
    });
    assert.deepEqual(tested, {
      originalIndex: Int32Array.of(1, 3),
      poisoned: [
        { index: 1, label: 0, originalLabel: 1, file: 'bd_test_dataset/1/1.png' },
        { index: 3, label: 0, originalLabel: 2, file: 'bd_test_dataset/2/3.png' },
      ],
    });
  });

  test('is read whatever path it was made under, which is never used', () => {
    const elsewhere = readBackdoorBench(changed('./record/try/bd_test_dataset/1/1.png', '/etc/../../../secret/data/1/1.png//x'), 'a.pt');
    assert.equal(elsewhere.test.poisoned[0].file, 'bd_test_dataset/1/1.png');
  });

  test('is refused in its first layout, or with pictures inside', () => {
    refused(
      readFixtureBytes('formats/attack_result-first-layout.pt'),
      /bd_test holds its pictures inside, as BackdoorBench's first layout did; give/,
    );
    const folder = './record/try/bd_train_dataset';
    refused(changed(`X\x1d\0\0\0${folder}`, 'N'), /bd_train holds its pictures inside, as it was never saved to a folder/);
  });

  test('is refused when something is missing or does not fit', () => {
    refused(readFixtureBytes('formats/checkpoint.pt'), /num_classes is no whole number; give an attack_result\.pt/);
    refused(changed('bd_test', 'bd_tesT'), /bd_test is nothing, not a dictionary/);
    refused(changed('img_size', 'img_sizE'), /img_size has no list of numbers/);
    refused(changed('num_classesq\x03K\x03', 'num_classesq\x03K\x02'), /image \d of bd_train has the class 2, expected 0 to 1/);
    refused(changed('poison_indicator', 'poison_indicatoR'), /poison_indicator is no array/);
    refused(changed('.pngq', '.jpgq'), /the pictures of bd_train are '\.jpg' files/);
  });
});
