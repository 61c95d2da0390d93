import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { attackContext, noEngine } from '../../testing/attack-context.js';
import { noisyDataset } from '../../testing/dataset.js';
import { addToChroma, fromYCrCb, toYCrCb } from './chroma.js';
import { ftrojan, tonePlane } from './index.js';

test('the defaults are the published ones', () => {
  assert.deepEqual(ftrojan.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    magnitude: 30,
    window_size: 32,
  });
});

/** The orthonormal DCT-II of n x n values as its definition has it, or its inverse. */
function transform(values: ArrayLike<number>, n: number, inverse: boolean): Float64Array {
  const basis = (k: number, i: number) => Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (2 * i + 1) * k) / (2 * n));
  return Float64Array.from({ length: n * n }, (_, to) => {
    const [a, b] = [Math.floor(to / n), to % n];
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        sum += (inverse ? basis(i, a) * basis(j, b) : basis(a, i) * basis(b, j)) * values[i * n + j];
      }
    }
    return sum;
  });
}

test('the plane is what the transform there and back adds', () => {
  const random = new Random(3);
  const values = Float64Array.from({ length: 64 }, () => random.below(256));
  const spectrum = transform(values, 8, false);
  for (const position of [3, 7]) spectrum[position * 8 + position] += 30;
  const expected = transform(spectrum, 8, true);
  tonePlane([3, 8, 8], 30, 8).forEach((value, i) => {
    assert.ok(Math.abs(values[i] + value - expected[i]) < 1e-9);
  });
});

test('every window gets the same tones, and what is left over none', () => {
  const plane = tonePlane([1, 9, 17], 30, 8);
  for (let y = 0; y < 9; y++) {
    for (let x = 0; x < 17; x++) assert.equal(plane[y * 17 + x], y < 8 && x < 16 ? plane[y * 17 + (x % 8)] : 0);
  }
  const whole = tonePlane([1, 32, 32], 30, 32);
  const largest = whole.reduce((a, b) => Math.max(a, Math.abs(b)));
  assert.ok(largest > 1.8 && largest < 3.75, `two tones of 30 / 16 levels each come to ${largest}`);
});

test('colours are converted as OpenCV does', () => {
  const convert = (...rgb: number[]) => {
    const { y, cr, cb } = toYCrCb(Uint8Array.from(rgb));
    return [y[0], cr[0], cb[0]];
  };
  assert.deepEqual(convert(255, 0, 0), [76, 255, 85]);
  assert.deepEqual(convert(0, 255, 0), [150, 21, 43]);
  assert.deepEqual(convert(0, 0, 255), [29, 107, 255]);
  assert.deepEqual(convert(77, 77, 77), [77, 128, 128]);
  for (const grey of [0, 13, 255]) {
    const image = new Uint8Array(3).fill(grey);
    assert.deepEqual(fromYCrCb(toYCrCb(image)), image);
  }
  // Cr and Cb become floor(128 + 1.9) = 129 and floor(128 - 0.1) = 127.
  assert.deepEqual([...addToChroma(new Uint8Array(3).fill(100), Float64Array.of(1.9))], [101, 99, 102]);
  assert.deepEqual([...addToChroma(new Uint8Array(3).fill(100), Float64Array.of(-0.1))], [99, 101, 98]);
});

test('grey images change in their only channel, and other numbers of channels are refused', async () => {
  const grey = noisyDataset(5, 2, [1, 8, 8]);
  const { trigger } = await ftrojan.poison(grey, ftrojan.options.parse({ pratio: 0.5 }), attackContext(1));
  const plane = tonePlane([1, 8, 8], 30, 32);
  const expected = Array.from(plane, (value) => Math.floor(100 + value));
  assert.deepEqual([...(await trigger.apply(new Uint8Array(64).fill(100), noEngine))], expected);
  const two = noisyDataset(5, 2, [2, 8, 8]);
  await assert.rejects(
    ftrojan.poison(two, ftrojan.options.parse({}), attackContext(1)),
    new UserError('FTrojan changes grey or red-green-blue images, but these have 2 channels; choose another attack'),
  );
});
