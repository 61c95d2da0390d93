import { z } from 'zod';
import { type StaticTrigger, staticTrigger } from './static-trigger.js';
import { bytesSchema, checkPicture, encodeBytes, type ImageShape, imageShapeSchema } from './stored.js';

const overflow = z.enum(['clip', 'wrap']);

/** A pattern that is added to the image. */
export const additiveSchema = z.strictObject({
  imageShape: imageShapeSchema,
  /** 8-bit values [C, H, W]. */
  pattern: bytesSchema,
  /** What becomes of sums above 255: `clip`, 255; `wrap`, they begin again at 0. */
  overflow,
});

/** See {@link additiveSchema}. */
export interface Additive {
  readonly imageShape: ImageShape;
  readonly pattern: Uint8Array;
  readonly overflow: z.infer<typeof overflow>;
}

/**
 * A trigger that adds a pattern to the image.
 * @param kind name of the attack that reads the description.
 * @throws UserError when the pattern has not the images' size.
 */
export function additiveTrigger(kind: string, { imageShape, pattern, overflow }: Additive): StaticTrigger {
  checkPicture(pattern, imageShape, 'the pattern');
  const description = { kind, imageShape: [...imageShape], pattern: encodeBytes(pattern), overflow };
  return staticTrigger(description, imageShape, (image) =>
    image.map((value, i) => (overflow === 'clip' ? Math.min(255, value + pattern[i]) : (value + pattern[i]) % 256)),
  );
}
