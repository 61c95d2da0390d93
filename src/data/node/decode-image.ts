import { UserError } from '../../core/errors.js';
import { parsePpm } from '../ppm.js';
import type { RgbImage } from '../rgb-image.js';

/** Most pixels that an image may have; a small file can claim a huge one. */
const MOST_PIXELS = 2 ** 26;

/** File name extensions of the images that are read. The content decides how. */
export const imageExtension = /\.(png|jpe?g|webp|ppm)$/i;

let library: Promise<typeof import('sharp').default> | undefined;

/**
 * Decodes a PNG, JPEG, WebP or PPM image to 8-bit RGB. Grey becomes RGB, transparency is dropped, colour profiles and
 * orientation marks are ignored, as in the loaders with which published models were trained.
 * @param where where it lies, for messages.
 * @throws UserError when it is none of these, is damaged or truncated, or is too large.
 */
export async function decodeImage(bytes: Uint8Array, where: string): Promise<RgbImage> {
  if (bytes[0] === 0x50 && bytes[1] === 0x36) return parsePpm(bytes, where, MOST_PIXELS);
  // The library would also try formats that are far harder to parse safely, such as SVG.
  if (!isKnown(bytes)) throw new UserError(`'${where}' is not a PNG, JPEG, WebP or PPM image, or is damaged at byte 0`);
  library ??= loadLibrary();
  const sharp = await library;
  try {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: MOST_PIXELS, ignoreIcc: true });
    const { data, info } = await image.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
    if (info.channels === 3) return { width: info.width, height: info.height, pixels: data };
    throw new Error(`it has ${info.channels} channels`);
  } catch (error) {
    const reason = (error as Error).message.replace(/\s+/g, ' ').trim();
    throw new UserError(`'${where}' (${bytes.length} bytes) does not decode: ${reason}; get it again`);
  }
}

function isKnown(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  return head.startsWith('\x89PNG\r\n\x1a\n') || head.startsWith('\xff\xd8\xff') || /^RIFF.{4}WEBP/s.test(head);
}

/** Loads the library when the first image asks for it: most runs read a cache and need none. */
async function loadLibrary(): Promise<typeof import('sharp').default> {
  const { default: sharp } = await import('sharp');
  // Images are small: one thread each, several images at once.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}
