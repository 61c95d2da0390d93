import { inflateRawSync } from 'node:zlib';
import type { Inflate } from '../zip/inflate.js';

/** Undoes deflate with Node's own zlib, which is faster than {@link inflate} and keeps to the same bound. */
export const nodeInflate: Inflate = (data, size) => {
  try {
    // maxOutputLength must not be 0, so an empty result may take one byte before its length is checked.
    const result = inflateRawSync(data, { maxOutputLength: Math.max(size, 1) });
    return result.length === size ? new Uint8Array(result.buffer, result.byteOffset, result.byteLength) : undefined;
  } catch {
    return undefined;
  }
};
