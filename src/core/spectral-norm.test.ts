import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.js';
import { spectralNorm } from './spectral-norm.js';

const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${a} instead of ${b}`);

test('the spectral norm of matrices that can be worked out by hand', () => {
  close(spectralNorm([3, 0, 0, -4], 2, 2), 4);
  close(spectralNorm([3, 4], 1, 2), 5);
  close(spectralNorm([3, 4], 2, 1), 5);
  close(spectralNorm([1, 1, 1, 1, 1, 1], 2, 3), Math.sqrt(6));
  close(spectralNorm([1, 1, 0, 1], 2, 2), (1 + Math.sqrt(5)) / 2);
  close(spectralNorm([0, 0, 0, 0], 2, 2), 0);
});

test('no vector is stretched more, and some vector nearly as much', () => {
  const random = new Random(4);
  for (const [rows, columns] of [
    [5, 9],
    [16, 9],
    [9, 9],
  ]) {
    const matrix = Array.from({ length: rows * columns }, () => random.normal());
    const norm = spectralNorm(matrix, rows, columns);
    let vector = Array.from({ length: columns }, () => random.normal());
    let stretch = 0;
    for (let step = 0; step < 3000; step++) {
      const image = Array.from({ length: rows }, (_, i) => vector.reduce((sum, v, k) => sum + v * matrix[i * columns + k], 0));
      const back = vector.map((_, k) => image.reduce((sum, v, i) => sum + v * matrix[i * columns + k], 0));
      stretch = Math.hypot(...image) / Math.hypot(...vector);
      assert.ok(stretch <= norm * (1 + 1e-12));
      const length = Math.hypot(...back);
      vector = back.map((v) => v / length);
    }
    close(stretch, norm);
  }
});
