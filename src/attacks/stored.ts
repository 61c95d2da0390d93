import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { sizeOf } from '../core/tensor.js';
import type { Tensors } from '../runtime/engine.js';

/** Channels, height, width. */
export type ImageShape = readonly [number, number, number];

/** Sides of images that anybody attacks stay far below; a stored trigger must not ask for endless memory. */
const LARGEST_SIDE = 4096;

/** The shape of the images that a stored trigger was made for. */
export const imageShapeSchema = z.tuple([z.int().min(1).max(16), z.int().min(1).max(LARGEST_SIDE), z.int().min(1).max(LARGEST_SIDE)]);

/** Bytes as base64 text, for a description in JSON. */
export function encodeBytes(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Reads what {@link encodeBytes} wrote. */
export const bytesSchema = z.base64().transform((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));

/** @throws UserError when a stored picture does not have the stored shape. */
export function checkPicture(picture: Uint8Array, imageShape: ImageShape, what: string): void {
  if (picture.length === sizeOf(imageShape)) return;
  const needed = `${imageShape.join(' x ')} take ${sizeOf(imageShape)}`;
  throw new UserError(`${what} of the trigger has ${picture.length} values, but images of ${needed}; use the file that the attack wrote`);
}

/** Bytes that an attack prepared under a name. */
export function preparedBytes(prepared: Tensors | undefined, name: string): Uint8Array {
  const value = prepared?.[name];
  if (value?.type !== 'uint8') throw new UserError(`what was prepared for the attack holds no ${name}; delete it from the cache`);
  return value.data as Uint8Array;
}
