import { UserError } from '../core/errors.js';
import { type DataType, elementSize, sizeOf, type Tensor, tensorFromBytes } from '../core/tensor.js';
import type { ByteSource } from '../formats/byte-source.js';
import { safePath } from '../formats/zip/names.js';

/** Gives the file with a path relative to the model's folder; throws a UserError where there is none. */
export type ExternalData = (path: string) => ByteSource;

/** How a tensor says where its bytes lie: keys `location`, `offset` and `length`. */
export type ExternalEntries = readonly { readonly key: string; readonly value: string }[];

/** A stretch of a file beside the model. */
export interface Stretch {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads a tensor that is stored outside the model. The file may only lie beside or below it, and sizes are compared before
 * anything is allocated.
 * @param where begins the errors.
 * @throws UserError when there is no such file, it is too short, or the entry makes no sense.
 */
export function readExternal(
  entries: ExternalEntries,
  { type, dims }: { readonly type: DataType; readonly dims: readonly number[] },
  external: ExternalData | undefined,
  where: string,
): Tensor {
  if (!external) throw new UserError(`${where}: is stored outside the file, which is not supported here; save the model in one file`);
  const { location, offset, length } = stretchOf(entries, sizeOf(dims) * elementSize(type), where);
  const source = external(location);
  if (offset + length > source.size) {
    throw new UserError(`${where}: ends at byte ${offset + length} of '${location}', which has only ${source.size}; get the whole file`);
  }
  return tensorFromBytes(type, dims, source.read(offset, length), where);
}

/** Where the bytes of a tensor lie. @param size how many it needs. */
export function stretchOf(entries: ExternalEntries, size: number, where: string): Stretch {
  const given = new Map(entries.map(({ key, value }) => [key, value]));
  const stated = given.get('location') ?? '';
  const location = safePath(stated.replace(/^\.\//, ''));
  if (location === undefined) {
    throw new UserError(`${where}: is stored in '${stated}', which is no path below the model's folder; it is not read`);
  }
  const offset = wholeNumber(given.get('offset') ?? '0', 'offset', where);
  const length = wholeNumber(given.get('length') ?? String(size), 'length', where);
  if (length !== size) throw new UserError(`${where}: takes ${size} bytes, but ${length} are stored for it; the file is damaged`);
  return { location, offset, length };
}

function wholeNumber(text: string, what: string, where: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new UserError(`${where}: has the ${what} '${text}'; the file is damaged`);
  return value;
}
