import type { Random } from '../../core/random.js';

/** Numbers at which lengths and signs go wrong. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A file with one to a handful of things wrong with it: the way damage, truncation and malice look. */
export function mutate(random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  // Not slice(): that of a Node Buffer would give a view of the seed.
  let bytes: Uint8Array = new Uint8Array(seeds[random.below(seeds.length)]);
  const changes = 1 + random.below(random.below(4) === 0 ? 12 : 3);
  for (let i = 0; i < changes; i++) bytes = change(random, bytes, seeds);
  return bytes;
}

function change(random: Random, bytes: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.below(256));
  const at = random.below(bytes.length);
  switch (random.below(9)) {
    case 0:
      bytes[at] ^= 1 << random.below(8);
      return bytes;
    case 1:
      bytes[at] = random.below(256);
      return bytes;
    case 2:
    case 3:
      return withNumber(random, bytes, at);
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(at + run(random)));
    case 6:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + run(random)), bytes.subarray(at));
    case 7: {
      const other = seeds[random.below(seeds.length)];
      const from = random.below(other.length || 1);
      return joined(bytes.subarray(0, at), other.subarray(from, from + run(random)), bytes.subarray(at + random.below(32)));
    }
    default: {
      const extra = Uint8Array.from({ length: run(random) }, () => random.below(256));
      return joined(bytes.subarray(0, at), extra, bytes.subarray(at));
    }
  }
}

/** Puts a number that is often misread, little- or big-endian, over 1, 2, 4 or 8 bytes. */
function withNumber(random: Random, bytes: Uint8Array, at: number): Uint8Array {
  const width = 2 ** random.below(4);
  const value = BigInt(edges[random.below(edges.length)] + random.below(3) - 1) * (random.below(4) === 0 ? 0x1_0000_0001n : 1n);
  const bigEndian = random.below(4) === 0;
  for (let i = 0; i < width && at + i < bytes.length; i++) {
    bytes[at + (bigEndian ? width - 1 - i : i)] = Number((value >> BigInt(8 * i)) & 255n);
  }
  return bytes;
}

function run(random: Random): number {
  return 1 + random.below(2 ** (1 + random.below(7)));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
