import { z } from 'zod';
import { type StaticTrigger, staticTrigger } from './static-trigger.js';
import { bytesSchema, checkPicture, encodeBytes, type ImageShape, imageShapeSchema } from './stored.js';

/** A picture whose pixels overwrite those of the image, but for zeros, which keep them. */
export const overlaySchema = z.strictObject({
  imageShape: imageShapeSchema,
  /** 8-bit values [C, H, W]. */
  picture: bytesSchema,
});

/**
 * A trigger that overwrites values of the image with those of a picture that are not 0.
 * @param kind name of the attack that reads the description.
 * @throws UserError when the picture has not the images' size.
 */
export function overlayTrigger(kind: string, picture: Uint8Array, imageShape: ImageShape): StaticTrigger {
  checkPicture(picture, imageShape, 'the picture');
  const description = { kind, imageShape: [...imageShape], picture: encodeBytes(picture) };
  return staticTrigger(description, imageShape, (image) => image.map((value, i) => picture[i] || value));
}
