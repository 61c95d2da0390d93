import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { Pictures } from '../report/pictures.js';

const png = z.base64().transform((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
const prediction = z.object({ label: z.int().min(0), confidence: z.number().min(0).max(1.0001) });
const said = z.object({ clean: prediction, triggered: prediction });

const schema = z.object({
  version: z.literal(1),
  trigger: z.object({ clean: png, triggered: png, difference: png }).optional(),
  samples: z
    .array(
      z.object({
        label: z.int().min(0),
        clean: png,
        triggered: png,
        predictions: z.object({ before: said.optional(), ft: said.optional(), after: said.optional() }),
      }),
    )
    .optional(),
  suspects: z.array(z.object({ sought: z.string(), target: z.int().min(0), clean: png, triggered: png, difference: png })).optional(),
});

/** The text of `pictures.json`: what {@link decodePictures} reads back, with every PNG file in base64. */
export function encodePictures(pictures: Pictures): string {
  const plain = (_key: string, value: unknown) => (value instanceof Uint8Array ? base64(value) : value);
  return `${JSON.stringify({ version: 1, ...pictures }, plain, 1)}\n`;
}

/**
 * Reads `pictures.json`.
 * @param file its name, for messages.
 * @throws UserError when it is malformed.
 */
export function decodePictures(text: string, file: string): Pictures {
  const problem = (where: string) => new UserError(`${file} does not hold pictures: ${where}; run the command that wrote it again`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw problem('it is not JSON');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw problem(`${path.join('.') || 'the file'}: ${message}`);
  }
  const { trigger, samples, suspects } = parsed.data;
  return { trigger, samples, ...(suspects && { suspects }) };
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
