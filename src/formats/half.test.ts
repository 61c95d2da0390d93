import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HalfType, narrow, widen } from './half.js';

const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a pattern by the definition of its fields. */
function byDefinition(pattern: number, exponentBits: number): number {
  const mantissaBits = 15 - exponentBits;
  const exponent = (pattern & 0x7fff) >> mantissaBits;
  const fraction = (pattern & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = pattern & 0x8000 ? -1 : 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

for (const [type, exponentBits] of [
  ['float16', 5],
  ['bfloat16', 8],
] as [HalfType, number][]) {
  // biome-ignore format: one line
  test(`${type}: every pattern has its value, and gets its pattern back`, () => {
    const values = widen(type, patterns);
    assert.ok(patterns.every((pattern) => Object.is(values[pattern], byDefinition(pattern, exponentBits))));
    const numbers = patterns.filter((pattern) => !Number.isNaN(values[pattern]));
    assert.deepEqual(narrow(type, widen(type, numbers)), numbers);
    assert.deepEqual(widen(type, narrow(type, Float32Array.of(Number.NaN))), Float32Array.of(Number.NaN));
  });

  test(`${type}: what lies between two values goes to the nearer, half way to the even one`, () => {
    const largest = type === 'float16' ? 0x7bff : 0x7f7f;
    const values = widen(type, patterns.subarray(0, largest + 1));
    for (let low = 0; low < largest; low += type === 'float16' ? 1 : 7) {
      const middle = (values[low] + values[low + 1]) / 2;
      // Between the smallest bfloat16 values no float32 is exactly half way.
      if (Math.fround(middle) !== middle) continue;
      const even = low % 2 === 0 ? low : low + 1;
      const [below, above] = [values[low] + (middle - values[low]) * 0.75, middle + (values[low + 1] - middle) * 0.25];
      assert.deepEqual([...narrow(type, Float32Array.of(below, middle, above, -middle))], [low, even, low + 1, even | 0x8000]);
    }
    const beyond = type === 'float16' ? 65520 : 3.4e38;
    assert.deepEqual([...narrow(type, Float32Array.of(beyond, -beyond))], type === 'float16' ? [0x7c00, 0xfc00] : [0x7f80, 0xff80]);
  });
}
