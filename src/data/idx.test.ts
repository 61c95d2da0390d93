import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { parseIdx, parseIdxImages, parseIdxLabels } from './idx.js';

function idx(dims: readonly number[], values: readonly number[], type = 0x08): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dims.length + values.length);
  bytes.set([0, 0, type, dims.length]);
  const view = new DataView(bytes.buffer);
  dims.forEach((dim, axis) => {
    view.setUint32(4 + 4 * axis, dim);
  });
  bytes.set(values, 4 + 4 * dims.length);
  return bytes;
}

test('images and labels are read as they were written', () => {
  const images = parseIdxImages(idx([2, 1, 3], [1, 2, 3, 250, 251, 252]), 'i');
  assert.deepEqual([images.count, images.height, images.width], [2, 1, 3]);
  assert.deepEqual([...images.images], [1, 2, 3, 250, 251, 252]);
  assert.deepEqual(parseIdxLabels(idx([3], [9, 0, 4]), 'l', 10), Int32Array.of(9, 0, 4));
});

test('bytes in the middle of a larger buffer are read from their own start', () => {
  const padded = Uint8Array.from([7, 7, 7, ...idx([2], [5, 6])]);
  assert.deepEqual([...parseIdx(padded.subarray(3), 'f').data], [5, 6]);
});

test('every malformed file is a one-line user error that names the file and a remedy', () => {
  const good = idx([2, 1, 2], [1, 2, 3, 4]);
  const malformed: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /not an IDX file/],
    [new TextEncoder().encode('<html>'), /not an IDX file/],
    [idx([2], [1, 2], 0x0d), /IDX type 0x0d, expected 0x08/],
    [Uint8Array.of(0, 0, 8, 0), /0 dimensions/],
    [Uint8Array.of(0, 0, 8, 200, 0, 0), /200 dimensions/],
    [good.subarray(0, 9), /ends inside its header, after 9 bytes/],
    [good.subarray(0, 19), /has 19 bytes, but its header \(2 x 1 x 2\) calls for 20/],
    [Uint8Array.from([...good, 0]), /has 21 bytes/],
    [idx([0, 28, 28], []), /is empty/],
    [idx([0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], []), /calls for/],
  ];
  for (const [bytes, problem] of malformed) {
    assert.throws(
      () => parseIdx(bytes, 'some-file'),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /^'some-file' [^\n]*; get the file again$/);
        assert.match(error.message, problem);
        return true;
      },
    );
  }
});

test('images and labels are not taken for each other, and labels stay below the number of classes', () => {
  assert.throws(() => parseIdxImages(idx([2], [1, 2]), 'f'), /no file of images: it has 1 dimensions, expected 3/);
  assert.throws(() => parseIdxLabels(idx([1, 1, 1], [1]), 'f', 10), /no file of labels: it has 3 dimensions, expected 1/);
  assert.throws(() => parseIdxLabels(idx([3], [0, 10, 11]), 'f', 10), /gives image 1 the label 10, expected 0 to 9/);
});
