import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { cifarBinary, cifarPickle, cifarPixels } from '../testing/cifar-files.js';
import { joinBatches, parseCifarBinary, parseCifarPython } from './cifar.js';

const refused = (work: () => unknown, problem: RegExp) =>
  assert.throws(work, (error) => error instanceof UserError && problem.test(error.message) && error.message.includes('batch'));

test('both forms give the same labels and pixels', () => {
  const labels = [3, 0, 9];
  const expected = { labels: Int32Array.from(labels), images: Buffer.concat([7, 8, 9].map(cifarPixels)) };
  for (const found of [
    parseCifarBinary(cifarBinary(labels, 7), 10, 1, 'batch'),
    parseCifarBinary(cifarBinary(labels, 7, true), 100, 2, 'batch'),
    parseCifarPython(cifarPickle(labels, 7), 10, 'labels', 'batch'),
    parseCifarPython(cifarPickle(labels, 7, 'fine_labels'), 100, 'fine_labels', 'batch'),
  ]) {
    assert.deepEqual(found.labels, expected.labels);
    assert.ok(expected.images.equals(found.images));
  }
});

test('a truncated or damaged binary file is refused with the offset', () => {
  const good = cifarBinary([1, 2], 0);
  refused(() => parseCifarBinary(good.subarray(0, 5000), 10, 1, 'batch'), /its last record, at byte 3073, has 1927 of 3073 bytes/);
  refused(() => parseCifarBinary(new Uint8Array(0), 10, 1, 'batch'), /at byte 0, has 0 of 3073/);
  refused(() => parseCifarBinary(good, 2, 1, 'batch'), /at byte 3073 it has the label 2, expected 0 to 1/);
  refused(() => parseCifarBinary(good, 10, 2, 'batch'), /at byte 3074, has 3072 of 3074 bytes/);
});

test('a truncated, damaged or dangerous Python file is refused', () => {
  const good = cifarPickle([1, 2], 0);
  refused(() => parseCifarPython(good.subarray(0, 3000), 10, 'labels', 'batch'), /refused at byte \d+/);
  refused(() => parseCifarPython(good, 2, 'labels', 'batch'), /the label of image 1 is not a number from 0 to 1/);
  refused(() => parseCifarPython(good, 10, 'fine_labels', 'batch'), /has no list of 'fine_labels'/);
  refused(() => parseCifarPython(Buffer.from('cos\nsystem\n(U\x02lst\x85R.'), 10, 'labels', 'batch'), /refused at byte 0 .*system/);
  refused(() => parseCifarPython(Buffer.from('].'), 10, 'labels', 'batch'), /it holds no dictionary/);
  refused(() => parseCifarPython(Buffer.from('}U\x04dataK\x01s.'), 10, 'labels', 'batch'), /'data' is no array/);
});

test('batches are joined in their order', () => {
  const joined = joinBatches([parseCifarBinary(cifarBinary([1, 2], 0), 10, 1, 'a'), parseCifarBinary(cifarBinary([3], 2), 10, 1, 'b')]);
  assert.deepEqual([...joined.labels], [1, 2, 3]);
  assert.ok(Buffer.concat([0, 1, 2].map(cifarPixels)).equals(joined.images));
});
