import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { parsePpm } from './ppm.js';

const file = (header: string, pixels: readonly number[]) => Uint8Array.of(...new TextEncoder().encode(header), ...pixels);

test('width, height and pixels are read, whatever white space and comments stand between', () => {
  const pixels = [1, 2, 3, 10, 35, 255];
  for (const header of ['P6\n2 1\n255\n', 'P6 2\t1 255 ', 'P6\n# made by hand\n2 # width\n1\n#\n255\r']) {
    assert.deepEqual(parsePpm(file(header, pixels), 'a.ppm', 100), { width: 2, height: 1, pixels: Uint8Array.from(pixels) });
  }
});

test('anything else is a user error', () => {
  const cases: [Uint8Array, RegExp][] = [
    [file('P5\n1 1\n255\n', [1]), /is not a PPM image/],
    [file('P6\n1 x 255\n', [1, 2, 3]), /its header is damaged/],
    [file('P6\n1 1\n65535\n', [1, 2, 3, 4, 5, 6]), /values up to 65535/],
    [file('P6\n0 1\n255\n', []), /is 0 x 1 pixels by its header/],
    [file('P6\n999999999 999999999\n255\n', []), /images of 1 to 100 pixels are read/],
    [file('P6\n2 1\n255\n', [1, 2, 3, 4, 5]), /is truncated: it ends at byte 16 of 17/],
    [file(`P6\n#${'x'.repeat(10_000)}\n1 1 255\n`, [1, 2, 3]), /its header is damaged/],
  ];
  for (const [bytes, problem] of cases) {
    assert.throws(
      () => parsePpm(bytes, 'a.ppm', 100),
      (error) => error instanceof UserError && problem.test(error.message) && error.message.includes("'a.ppm'"),
    );
  }
});
