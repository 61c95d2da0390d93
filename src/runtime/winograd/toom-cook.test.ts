import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../core/random.js';
import { axisAlgorithm } from './axis.js';
import { type Matrix, MOST_PRODUCTS, toomCook } from './toom-cook.js';

const random = new Random(7);
const draw = (count: number) => Array.from({ length: count }, () => random.between(-1, 1));
const apply = (matrix: Matrix, vector: readonly number[]) => matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));

function close(found: readonly number[], expected: readonly number[], what: string): void {
  assert.equal(found.length, expected.length, what);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-12, `${what}: ${value} instead of ${expected[i]} at ${i}`);
  });
}

describe('the method of Toom and Cook', () => {
  for (let outputs = 1; outputs <= MOST_PRODUCTS; outputs++) {
    for (let taps = 1; outputs + taps - 1 <= MOST_PRODUCTS; taps++) {
      test(`correlates ${outputs} outputs with ${taps} weights by ${outputs + taps - 1} products`, () => {
        const { output, weight, input } = toomCook(outputs, taps);
        const [w, d] = [draw(taps), draw(outputs + taps - 1)];
        const expected = Array.from({ length: outputs }, (_, i) => w.reduce((sum, value, k) => sum + value * d[i + k], 0));
        const values = apply(input, d);
        assert.equal(values.length, outputs + taps - 1);
        close(
          apply(
            output,
            apply(weight, w).map((value, j) => value * values[j]),
          ),
          expected,
          `F(${outputs}, ${taps})`,
        );
      });
    }
  }

  test('refuses what takes more points than are exact enough', () => {
    assert.throws(() => toomCook(5, 3), /F\(5, 3\) takes 7 points, and there are 6/);
  });
});

describe('the algorithm of an axis', () => {
  const cases = [
    { size: 4, outputs: 4, kernel: 3, stride: 1, pad: 1 },
    { size: 7, outputs: 7, kernel: 3, stride: 1, pad: 1 },
    { size: 9, outputs: 7, kernel: 3, stride: 1, pad: 0 },
    { size: 8, outputs: 4, kernel: 3, stride: 2, pad: 1 },
    { size: 7, outputs: 4, kernel: 3, stride: 2, pad: 1 },
    { size: 7, outputs: 4, kernel: 1, stride: 2, pad: 0 },
    { size: 10, outputs: 3, kernel: 5, stride: 3, pad: 2 },
    { size: 6, outputs: 6, kernel: 5, stride: 1, pad: 2 },
    { size: 9, outputs: 3, kernel: 2, stride: 3, pad: 0 },
    { size: 5, outputs: 5, kernel: 1, stride: 1, pad: 0 },
    { size: 3, outputs: 5, kernel: 1, stride: 1, pad: 1 },
  ];
  for (const window of cases) {
    const { size, outputs, kernel, stride, pad } = window;
    test(`of ${size} to ${outputs} positions, kernel ${kernel}, stride ${stride}, padding ${pad}`, () => {
      const algorithm = axisAlgorithm(window);
      assert.ok(algorithm);
      const { input, weight, output, tiles } = algorithm;
      const [w, x] = [draw(kernel), draw(size)];
      const weights = apply(weight, w);
      const values = (input ? apply(input, x) : x).map((value, product) => value * weights[Math.floor(product / tiles)]);
      const expected = Array.from({ length: outputs }, (_, o) =>
        w.reduce((sum, value, k) => sum + value * (x[o * stride + k - pad] ?? 0), 0),
      );
      close(output ? apply(output, values) : values, expected, JSON.stringify(window));
    });
  }

  test('takes half the products of a 3-tap filter', () => {
    const { products = 0, tiles = 0 } = axisAlgorithm({ size: 16, outputs: 16, kernel: 3, stride: 1, pad: 1 }) ?? {};
    assert.equal(products * tiles, 24);
  });

  test('leaves long filters alone', () => {
    assert.equal(axisAlgorithm({ size: 16, outputs: 16, kernel: 7, stride: 1, pad: 3 }), undefined);
  });
});
