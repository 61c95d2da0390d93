import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFixture } from '../testing/fixtures.js';
import { resizeBilinear } from './resize.js';
import type { RgbImage } from './rgb-image.js';

interface Case {
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
  /** Base64. */
  readonly pixels: string;
}

/** The inputs of the fixture: byte i is the highest byte of (i + 1) * 2654435761 modulo 2^32. */
function noise(width: number, height: number): RgbImage {
  return { width, height, pixels: Uint8Array.from({ length: 3 * width * height }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24) };
}

for (const { before, after, pixels } of readFixture<Case[]>('resize')) {
  test(`${before.join(' x ')} to ${after.join(' x ')} is what Pillow makes of it, bit for bit`, () => {
    const [width, height] = after;
    const resized = resizeBilinear(noise(...before), width, height);
    assert.deepEqual([resized.width, resized.height], [width, height]);
    assert.equal(Buffer.from(resized.pixels).toString('base64'), pixels);
  });
}

test('the same size gives the same pixels, and one colour stays that colour', () => {
  const image = noise(6, 4);
  assert.deepEqual(resizeBilinear(image, 6, 4), image);
  const plain = { width: 50, height: 41, pixels: new Uint8Array(3 * 50 * 41).fill(255) };
  assert.ok(resizeBilinear(plain, 32, 32).pixels.every((value) => value === 255));
});
