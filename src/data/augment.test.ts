import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { compose, horizontalFlip, randomCrop, randomRotation } from './augment.js';

const shape = [2, 3, 4] as const;
const original = Uint8Array.from({ length: 24 }, (_, i) => i + 1);

/** The image padded with zeros and cut at (top, left) of the padded picture, by definition. */
function cut(image: Uint8Array, padding: number, top: number, left: number): Uint8Array {
  const [channels, height, width] = shape;
  const result = new Uint8Array(image.length);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [sy, sx] = [y + top - padding, x + left - padding];
        const inside = sy >= 0 && sy < height && sx >= 0 && sx < width;
        result[(c * height + y) * width + x] = inside ? image[(c * height + sy) * width + sx] : 0;
      }
    }
  }
  return result;
}

// Padding 5 is more than the image is high or wide, so some crops miss it altogether.
for (const padding of [0, 1, 2, 5]) {
  test(`a random crop with padding ${padding} takes every place of the padded image, and no other`, () => {
    const expected = new Set<string>();
    for (let top = 0; top <= 2 * padding; top++) {
      for (let left = 0; left <= 2 * padding; left++) expected.add(cut(original, padding, top, left).join());
    }
    const random = new Random(1);
    const seen = new Set<string>();
    for (let i = 0; i < 60 * (2 * padding + 1) ** 2; i++) {
      const image = original.slice();
      randomCrop(padding)(image, shape, random);
      seen.add(image.join());
    }
    assert.deepEqual([...seen].sort(), [...expected].sort());
  });
}

test('a horizontal flip mirrors each row, with the given probability', () => {
  const image = original.slice();
  horizontalFlip(1)(image, shape, new Random(1));
  assert.deepEqual([...image], [4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9, 16, 15, 14, 13, 20, 19, 18, 17, 24, 23, 22, 21]);
  const random = new Random(2);
  let flipped = 0;
  for (let i = 0; i < 2000; i++) {
    const copy = original.slice();
    horizontalFlip(0.25)(copy, shape, random);
    if (copy[0] === 4) flipped++;
  }
  assert.ok(Math.abs(flipped / 2000 - 0.25) < 0.04, `${flipped} of 2000 flipped`);
});

test('composed augmentations are applied in order', () => {
  const expected = original.slice();
  const random = new Random(7);
  randomCrop(2)(expected, shape, random);
  horizontalFlip(1)(expected, shape, random);
  const image = original.slice();
  compose(randomCrop(2), horizontalFlip(1))(image, shape, new Random(7));
  assert.deepEqual(image, expected);
});

test('a rotation turns about the centre and leaves what comes from outside black', () => {
  const image = () => Uint8Array.from({ length: 2 * 25 }, (_, i) => i + 1);
  /** A generator whose next angle is the given share of the range. */
  const turned = (share: number) => Object.assign(new Random(0), { between: (low: number, high: number) => low + share * (high - low) });
  const still = image();
  randomRotation(180)(still, [2, 5, 5], turned(0.5));
  assert.deepEqual(still, image());
  const half = image();
  randomRotation(180)(half, [2, 5, 5], turned(1));
  assert.deepEqual([...half], [...image().subarray(0, 25).toReversed(), ...image().subarray(25).toReversed()]);
  const quarter = image();
  randomRotation(90)(quarter, [2, 5, 5], turned(1));
  assert.deepEqual([...quarter.subarray(0, 5)], [21, 16, 11, 6, 1]);
  const eighth = image();
  randomRotation(45)(eighth, [2, 5, 5], turned(1));
  assert.deepEqual([eighth[0], eighth[12]], [0, 13]);
  assert.throws(() => randomRotation(181), /expected 0 to 180/);
});

test('rotations are drawn by the seed', () => {
  const rotate = (seed: number) => {
    const image = Uint8Array.from({ length: 64 }, (_, i) => i);
    randomRotation(30)(image, [1, 8, 8], new Random(seed));
    return image;
  };
  assert.deepEqual(rotate(1), rotate(1));
  assert.ok(new Set([1, 2, 3, 4, 5, 6].map((seed) => rotate(seed).join())).size > 3);
});
