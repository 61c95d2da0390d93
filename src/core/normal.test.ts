import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalBelow, normalDensity, normalQuantile } from './normal.js';

test('the normal distribution has its known values', () => {
  for (const [x, below] of [
    [0, 0.5],
    [1, 0.8413447461],
    [-1.96, 0.0249978951],
    [3, 0.998650102],
    [-5, 2.8665157e-7],
  ]) {
    assert.ok(Math.abs(normalBelow(x) - below) < 1e-7, `${x}: ${normalBelow(x)}`);
  }
  assert.ok(Math.abs(normalDensity(1) - 0.2419707245) < 1e-9);
});

test('the quantile undoes the distribution', () => {
  for (const chance of [0.5, 0.05, 0.01, 0.999]) assert.ok(Math.abs(1 - normalBelow(normalQuantile(chance)) - chance) < 1e-6);
  assert.ok(Math.abs(normalQuantile(0.025) - 1.959964) < 1e-4);
});
