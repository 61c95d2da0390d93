import type { Random } from '../core/random.js';

/**
 * A random change to one training image, in place. `image` holds 8-bit pixels of the given shape [C, H, W].
 * Same image and generator: same result.
 */
export type Augmentation = (image: Uint8Array, shape: readonly [number, number, number], random: Random) => void;

/**
 * Surrounds the image with `padding` black pixels and cuts the original size out at a random place; that is, shifts it
 * by up to `padding` pixels each way. BackdoorBench trains with a padding of 4.
 * @param padding pixels, a whole number from 0.
 */
export function randomCrop(padding: number): Augmentation {
  if (!Number.isInteger(padding) || padding < 0) throw new Error(`padding of a crop is ${padding}, expected a whole number from 0`);
  return (image, shape, random) => {
    const down = random.below(2 * padding + 1) - padding;
    const right = random.below(2 * padding + 1) - padding;
    shift(image, shape, down, right);
  };
}

/**
 * Mirrors the image left to right.
 * @param probability 0..1, default 0.5.
 */
export function horizontalFlip(probability = 0.5): Augmentation {
  return (image, [channels, height, width], random) => {
    if (random.uniform() >= probability) return;
    for (let row = 0; row < channels * height; row++) {
      for (let left = row * width, right = left + width - 1; left < right; left++, right--) {
        const kept = image[left];
        image[left] = image[right];
        image[right] = kept;
      }
    }
  };
}

/**
 * Turns the image about its centre by an angle uniform in ± `degrees`, taking the nearest pixel, black where that is outside.
 * @param degrees from 0 up to 180.
 */
export function randomRotation(degrees: number): Augmentation {
  if (!(degrees >= 0 && degrees <= 180)) throw new Error(`a rotation by up to ${degrees} degrees was asked for, expected 0 to 180`);
  return (image, [channels, height, width], random) => {
    const angle = (random.between(-degrees, degrees) * Math.PI) / 180;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    const before = image.slice();
    const area = height * width;
    const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [down, right] = [y - middleY, x - middleX];
        const fromY = Math.round(middleY + cos * down - sin * right);
        const fromX = Math.round(middleX + sin * down + cos * right);
        const inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
        for (let plane = 0; plane < channels * area; plane += area) {
          image[plane + y * width + x] = inside ? before[plane + fromY * width + fromX] : 0;
        }
      }
    }
  };
}

/** Augmentations one after the other, all drawing from the same generator. */
export function compose(...augmentations: readonly Augmentation[]): Augmentation {
  return (image, shape, random) => {
    for (const augment of augmentations) augment(image, shape, random);
  };
}

/** Moves every pixel: the new (y, x) is the old (y + down, x + right), black where that is outside. */
function shift(image: Uint8Array, [channels, height, width]: readonly [number, number, number], down: number, right: number): void {
  const kept = Math.max(width - Math.abs(right), 0);
  const from = Math.max(right, 0);
  const to = Math.max(-right, 0);
  for (let channel = 0; channel < channels; channel++) {
    const plane = channel * height * width;
    for (let i = 0; i < height; i++) {
      // Rows are read before they are written over, whichever way the image moves.
      const y = down >= 0 ? i : height - 1 - i;
      const row = plane + y * width;
      const source = y + down;
      if (source < 0 || source >= height || kept === 0) {
        image.fill(0, row, row + width);
        continue;
      }
      const start = plane + source * width + from;
      image.copyWithin(row + to, start, start + kept);
      image.fill(0, row, row + to);
      image.fill(0, row + to + kept, row + width);
    }
  }
}
