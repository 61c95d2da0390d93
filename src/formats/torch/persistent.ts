import { countOf } from '../pickle/globals.js';
import { GlobalReference, kindOf, Refusal, textOf, type Value } from '../pickle/values.js';
import { Storage, type StoredType, storageTypes, storedSize } from './storage.js';

/** What a pickle says of a storage outside it. */
export interface StorageId {
  readonly key: string;
  readonly type: StoredType;
  /** Bytes of the whole storage. */
  readonly length: number;
  /** The part that is meant, where the file is old and the storage a view of another. */
  readonly part: { readonly start: number; readonly length: number };
}

/** Reads ('storage', class, key, device, number of elements) and, in old files, (key of the view, its offset, its number of elements). */
export function readStorageId(id: Value): StorageId {
  const [kind, storageClass, key, , count, view] = Array.isArray(id) ? id : [];
  if (textOf(kind) === 'module') throw new Refusal('it holds the source code of a class');
  const name = textOf(key) ?? (typeof key === 'number' ? String(key) : undefined);
  if (textOf(kind) !== 'storage' || name === undefined) throw new Refusal(`it asks for ${kindOf(id)} outside the pickle`);
  const type = storageClass instanceof GlobalReference ? storageTypes[storageClass.name] : undefined;
  if (!type) throw new Refusal(`it asks for a storage of ${kindOf(storageClass)}`);
  const size = storedSize(type);
  const length = countOf(count, "a storage's size") * size;
  return { key: name, type, length, part: partOf(view, length, size) };
}

function partOf(view: Value | undefined, length: number, size: number): StorageId['part'] {
  if (view === null || view === undefined) return { start: 0, length };
  const [, offset, count] = Array.isArray(view) ? view : [];
  const part = { start: countOf(offset, "a view's offset") * size, length: countOf(count, "a view's size") * size };
  if (part.start + part.length > length) throw new Refusal('it asks for a part of a storage that reaches beyond it');
  return part;
}

/** A storage for {@link StorageId}; `whole` gives its bytes when they are needed. */
export function storageOf({ key, type, part }: StorageId, whole: () => Uint8Array): Storage {
  return new Storage(key, type, part, whole);
}
