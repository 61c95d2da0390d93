import { Inflate as Stream } from 'fflate';

/**
 * Undoes deflate.
 * @param data the compressed bytes, without any header.
 * @param size how many bytes must come out.
 * @returns exactly that many bytes; undefined when the data are damaged, or hold more or fewer.
 */
export type Inflate = (data: Uint8Array, size: number) => Uint8Array | undefined;

/** No deflated data grow to more than this many times their length: a code of one bit copies 258 bytes at most. */
export const MAX_EXPANSION = 1032;

/** Bytes that go in at once. What comes out of a piece may be {@link MAX_EXPANSION} times as long before it is noticed. */
const PIECE = 4096;
/** A stored block of 64 KiB, the longest thing that must be complete before anything comes out, and one piece more. */
const MAX_SILENCE = 17;

/** Undoes deflate anywhere. Memory grows with what really comes out, whatever `size` says, and stops at `size`. */
export const inflate: Inflate = (data, size) => {
  const parts: Uint8Array[] = [];
  let length = 0;
  let silence = 0;
  const stream = new Stream((part) => {
    parts.push(part);
    length += part.length;
    silence = part.length > 0 ? 0 : silence + 1;
  });
  try {
    for (let start = 0; start < data.length && length <= size; start += PIECE) {
      stream.push(data.subarray(start, start + PIECE), start + PIECE >= data.length);
      // Bytes behind the end of the stream would be gathered again with every piece.
      if (silence > MAX_SILENCE) return undefined;
    }
  } catch {
    return undefined;
  }
  return length === size ? joined(parts, length) : undefined;
};

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
