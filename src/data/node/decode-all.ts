import { checkInterrupted, UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import { resizeBilinear } from '../resize.js';
import { type RgbImage, writePlanes } from '../rgb-image.js';
import { decodeImage } from './decode-image.js';

/** The bytes of an image file. */
export interface EncodedImage {
  /** Where it lies, for messages. */
  readonly where: string;
  read(): Promise<Uint8Array>;
}

export interface DecodeOptions {
  /** Height and width of all images, pixels. */
  readonly size: readonly [number, number];
  /** Whether images of another size are resized, with antialiasing; else they are refused. */
  readonly resize: boolean;
  /** Called after each image. */
  readonly decoded?: () => void;
}

/** How many images are decoded at once. */
const AT_ONCE = 8;

/**
 * Decodes images to planes, [count, 3, height, width], several at once but each into its own place: the result does not
 * depend on which is done first, nor which image is complained of: the first that there is something to say about.
 * @throws UserError when an image is damaged or has another size.
 */
export async function decodeAll(images: readonly EncodedImage[], options: DecodeOptions, { signal }: Control): Promise<Uint8Array> {
  const { size, resize, decoded } = options;
  const [height, width] = size;
  const pixels = new Uint8Array(images.length * 3 * height * width);
  const decode = async (i: number) => {
    const image = await decodeImage(await images[i].read(), images[i].where);
    const fitting = resize ? resizeBilinear(image, width, height) : checkSize(image, size, images[i]);
    writePlanes(fitting, pixels, i * 3 * height * width);
    decoded?.();
  };
  let next = 0;
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  const work = async () => {
    // What was begun before is finished: an earlier image may fail, too.
    while (next < images.length && failures.length === 0) {
      checkInterrupted(signal, 'while decoding images');
      const index = next++;
      try {
        await decode(index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first) throw first.error;
  return pixels;
}

function checkSize(image: RgbImage, [height, width]: readonly [number, number], { where }: EncodedImage): RgbImage {
  if (image.height === height && image.width === width) return image;
  throw new UserError(`'${where}' is ${image.width} x ${image.height} pixels, expected ${width} x ${height} as in the others`);
}
