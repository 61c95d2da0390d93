import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeUpDataset } from '../testing/dataset.js';
import { fitImages } from './fit.js';

test('images that fit are left alone', () => {
  const dataset = madeUpDataset(2, 3);
  assert.equal(fitImages(dataset, [1, 4, 4]), dataset);
});

test('images are resized, and grey ones get three equal channels', () => {
  const dataset = { ...madeUpDataset(1, 2, [1, 2, 2]), images: Uint8Array.of(0, 100, 0, 100, 7, 7, 7, 7) };
  const fitted = fitImages(dataset, [3, 2, 4]);
  assert.deepEqual(fitted.imageShape, [3, 2, 4]);
  const row = [0, 25, 75, 100];
  assert.deepEqual(Array.from(fitted.images.subarray(0, 24)), [...row, ...row, ...row, ...row, ...row, ...row]);
  assert.ok(fitted.images.subarray(24).every((value) => value === 7));
  assert.equal(fitted.labels, dataset.labels);
});

test('colours keep their planes', () => {
  const dataset = { ...madeUpDataset(1, 1, [3, 1, 1]), images: Uint8Array.of(10, 20, 30) };
  assert.deepEqual(Array.from(fitImages(dataset, [3, 2, 2]).images), [10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30]);
});

test('coloured images are made grey, by the brightness of their colours', () => {
  const dataset = { ...madeUpDataset(1, 3, [3, 1, 1]), images: Uint8Array.of(10, 10, 10, 255, 0, 0, 0, 255, 255) };
  assert.deepEqual(Array.from(fitImages(dataset, [1, 1, 1]).images), [10, 76, 179]);
  const white = { ...madeUpDataset(1, 1, [3, 1, 1]), images: Uint8Array.of(255, 255, 255) };
  assert.deepEqual(Array.from(fitImages(white, [1, 1, 1]).images), [255]);
});

test('what does not fit is refused', () => {
  assert.throws(() => fitImages(madeUpDataset(1, 1, [3, 2, 2]), [4, 2, 2]), /images of made-up have 3 channels, but the model takes 4/);
  const many = { ...madeUpDataset(1, 1), labels: { length: 50_000 } as Int32Array };
  assert.throws(() => fitImages(many, [3, 224, 224]), /take 8 GiB; use fewer/);
});
