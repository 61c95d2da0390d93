import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../core/random.js';
import { readFixture } from '../../testing/fixtures.js';
import { disturbGrid, drawPsi, elasticGrid, type Warp, warpImage } from './warp.js';

interface Case extends Warp {
  readonly imageShape: readonly [number, number, number];
  /** [height, width, 2]. */
  readonly grid: readonly number[];
  /** Before rounding, [C, H, W]. */
  readonly warped: readonly number[];
}

const cases = readFixture<Case[]>('wanet');

test("the grid is PyTorch's bicubic enlargement of psi, and the warp its grid_sample", () => {
  for (const { imageShape, grid, warped, ...warp } of cases) {
    const found = elasticGrid(warp, imageShape);
    assert.equal(found.length, grid.length);
    grid.forEach((value, i) => {
      assert.ok(Math.abs(found[i] - value) < 1e-8, `grid of ${imageShape} at ${i}: ${found[i]}, expected ${value}`);
    });
    const image = Uint8Array.from(warped, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
    warpImage(image, imageShape, found).forEach((value, i) => {
      assert.ok(Math.abs(value - warped[i]) <= 0.501, `warp of ${imageShape} at ${i}: ${value}, expected ${warped[i]}`);
    });
  }
});

test('psi has magnitudes of 1 on average, and its seed decides it', () => {
  const psi = drawPsi(5, new Random(3));
  assert.equal(psi.length, 50);
  assert.ok(Math.abs(psi.reduce((sum, value) => sum + Math.abs(value), 0) / 50 - 1) < 1e-12);
  assert.ok(psi.some((value) => value < 0) && psi.some((value) => value > 0));
  assert.deepEqual(drawPsi(5, new Random(3)), psi);
  assert.notDeepEqual(drawPsi(5, new Random(4)), psi);
});

test('a warp of no strength changes nothing, also where height and width differ', () => {
  const imageShape = [2, 3, 5] as const;
  const image = Uint8Array.from({ length: 30 }, (_, i) => i * 8);
  const grid = elasticGrid({ k: 2, s: 0, grid_rescale: 1, psi: drawPsi(2, new Random(1)) }, imageShape);
  assert.deepEqual(warpImage(image, imageShape, grid), image);
  // Shifted by half a pixel to the right, every pixel is the mean of itself and its right neighbour.
  const shifted = grid.map((value, i) => (i % 2 === 0 ? Math.min(1, value + 1 / 4) : value));
  assert.deepEqual([...warpImage(image, imageShape, shifted).subarray(0, 5)], [4, 12, 20, 28, 32]);
});

test('a disturbed grid moves every position by up to 1 / side, and stays inside', () => {
  const imageShape = [1, 10, 20] as const;
  const grid = elasticGrid({ k: 3, s: 0.5, grid_rescale: 1, psi: drawPsi(3, new Random(1)) }, imageShape);
  const disturbed = disturbGrid(grid, imageShape, new Random(2));
  const moves = [0, 1].map((axis) =>
    disturbed.map((value, i) => (i % 2 === axis ? Math.abs(value - grid[i]) : 0)).reduce((a, b) => Math.max(a, b)),
  );
  assert.ok(moves[0] <= 1 / 20 && moves[0] > 0.9 / 20, `x moves by up to ${moves[0]}`);
  assert.ok(moves[1] <= 1 / 10 && moves[1] > 0.9 / 10, `y moves by up to ${moves[1]}`);
  assert.ok(disturbed.every((value) => value >= -1 && value <= 1));
});
