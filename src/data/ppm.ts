import { UserError } from '../core/errors.js';
import type { RgbImage } from './rgb-image.js';

/** Longest header that is looked at; comments count. */
const LONGEST_HEADER = 4096;

/**
 * Parses a binary PPM image (`P6`) of 8-bit values: width, height and 255 in ASCII with white space and comments (`#` up
 * to the end of the line) between them, one white-space byte, then the pixels.
 * @param file its name, for messages.
 * @param most largest number of pixels.
 * @throws UserError when the bytes are anything else.
 */
export function parsePpm(bytes: Uint8Array, file: string, most: number): RgbImage {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, LONGEST_HEADER));
  const gap = '(?:\\s|#[^\\n\\r]*[\\n\\r])+';
  const header = new RegExp(`^P6${gap}(\\d{1,9})${gap}(\\d{1,9})${gap}(\\d{1,9})\\s`).exec(text);
  if (!header) throw new UserError(`'${file}' is not a PPM image: its header is damaged at the start; get it again`);
  const [width, height, highest] = header.slice(1).map(Number);
  if (highest !== 255) throw new UserError(`'${file}' has values up to ${highest}, but only PPM images of 8 bits (255) are read`);
  if (width === 0 || height === 0 || width * height > most) {
    throw new UserError(`'${file}' is ${width} x ${height} pixels by its header, but images of 1 to ${most} pixels are read`);
  }
  const start = header[0].length;
  const wanted = start + 3 * width * height;
  if (bytes.length < wanted) throw new UserError(`'${file}' is truncated: it ends at byte ${bytes.length} of ${wanted}; get it again`);
  return { width, height, pixels: bytes.subarray(start, wanted) };
}
