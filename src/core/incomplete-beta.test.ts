import assert from 'node:assert/strict';
import { test } from 'node:test';
import { incompleteBeta, logGamma, studentTail } from './incomplete-beta.js';

const close = (found: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${found} instead of ${expected}`);

test('the gamma function has the values of factorials and of one half', () => {
  let factorial = 1;
  for (let n = 1; n < 20; n++) {
    close(logGamma(n), Math.log(factorial));
    factorial *= n;
  }
  close(logGamma(0.5), Math.log(Math.sqrt(Math.PI)));
  close(logGamma(0.1), 2.2527126517342055);
});

test('the incomplete beta function is the tail of binomial sums', () => {
  // P(X >= k) of X ~ Binomial(n, p) is I_p(k, n - k + 1).
  const tail = (n: number, k: number, p: number) => {
    let sum = 0;
    for (let i = k; i <= n; i++) {
      const ways = Math.exp(logGamma(n + 1) - logGamma(i + 1) - logGamma(n - i + 1));
      sum += ways * p ** i * (1 - p) ** (n - i);
    }
    return sum;
  };
  for (const [n, k, p] of [
    [10, 3, 0.2],
    [10, 9, 0.7],
    [50, 30, 0.5],
    [3, 1, 0.01],
    [256, 200, 0.85],
  ]) {
    close(incompleteBeta(p, k, n - k + 1), tail(n, k, p), 1e-10);
  }
  assert.equal(incompleteBeta(0, 2, 3), 0);
  assert.equal(incompleteBeta(1, 2, 3), 1);
});

test("Student's t has the tails of its closed forms", () => {
  // One degree of freedom is the Cauchy distribution; two have 1/2 - t / (2 √(2 + t²)).
  for (const t of [-3, -0.5, 0, 0.7, 2, 40]) {
    close(studentTail(t, 1), 0.5 - Math.atan(t) / Math.PI, 1e-10);
    close(studentTail(t, 2), 0.5 - t / (2 * Math.sqrt(2 + t * t)), 1e-10);
  }
  // From tables: with 8 degrees of freedom 5 % lie above 1.8595.
  close(studentTail(1.8595480375, 8), 0.05, 1e-8);
});
