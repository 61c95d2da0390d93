import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../data/dataset.js';
import { noisyDataset } from '../testing/dataset.js';
import { readFixture } from '../testing/fixtures.js';
import { largestChange, peakSignalToNoise, structuralSimilarity, triggerVisibility } from './visibility.js';

interface Case {
  readonly imageShape: [number, number, number];
  readonly share: number;
  readonly constant: number;
  readonly ssim: number;
  readonly psnr: number;
  readonly linf: number;
}

test('similarity, signal-to-noise ratio and largest change are what their definitions give', () => {
  for (const { imageShape, share, constant, ...expected } of readFixture<Case[]>('similarity')) {
    const { images } = noisyDataset(1, 1, imageShape);
    const mixed = images.map((value) => Math.floor((1 - share) * value + share * constant));
    assert.ok(Math.abs(structuralSimilarity(images, mixed, imageShape) - expected.ssim) < 1e-9, `${imageShape}`);
    assert.ok(Math.abs(peakSignalToNoise(images, mixed) - expected.psnr) < 1e-9);
    assert.equal(largestChange(images, mixed), expected.linf);
  }
});

test('flat images have a similarity of (2ab + C1) / (a² + b² + C1), and equal ones of 1', () => {
  const flat = (value: number) => new Uint8Array(400).fill(value);
  const c1 = 2.55 ** 2;
  const expected = (2 * 100 * 140 + c1) / (100 ** 2 + 140 ** 2 + c1);
  assert.ok(Math.abs(structuralSimilarity(flat(100), flat(140), [1, 20, 20]) - expected) < 1e-9);
  assert.equal(structuralSimilarity(flat(7), flat(7), [1, 20, 20]), 1);
  assert.equal(peakSignalToNoise(flat(7), flat(7)), Number.POSITIVE_INFINITY);
  // All values differ by 255 in one image of four: the error is 255² / 4, 6.02 dB.
  const spot = flat(0).fill(255, 0, 100);
  assert.ok(Math.abs(peakSignalToNoise(flat(0), spot) - 10 * Math.log10(4)) < 1e-12);
});

test('a trigger is judged by the images that it changes', () => {
  const test4 = noisyDataset(4, 1, [1, 12, 12]);
  const images = test4.images.slice();
  for (let i = 0; i < 144; i++) images[i] = 255 - images[i];
  const dataset: Dataset = { ...test4, images };
  const triggered = { dataset, originals: test4.labels, indices: Int32Array.of(0, 1, 2, 3) };
  const { psnr, ssim, linf, changed, images: count } = triggerVisibility(test4, triggered);
  const only = test4.images.subarray(0, 144);
  assert.equal(psnr, peakSignalToNoise(only, images.subarray(0, 144)));
  assert.ok(Math.abs(ssim - (3 + structuralSimilarity(only, images.subarray(0, 144), [1, 12, 12])) / 4) < 1e-12);
  assert.deepEqual([linf, changed, count], [largestChange(only, images.subarray(0, 144)), 0.25, 4]);
  assert.equal(triggerVisibility(test4, { ...triggered, dataset: test4 }).psnr, null);
});
