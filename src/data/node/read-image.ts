import { readFileBounded } from '../../runtime/node/files.js';
import type { RgbImage } from '../rgb-image.js';
import { decodeImage } from './decode-image.js';

/** More than a photograph takes. */
const LIMIT = 2 ** 26;

/**
 * Reads one picture from a file: PNG, JPEG, WebP or PPM.
 * @throws UserError when there is no such file, or it holds no picture.
 */
export async function readImage(path: string): Promise<RgbImage> {
  return decodeImage(await readFileBounded(path, LIMIT), path);
}
