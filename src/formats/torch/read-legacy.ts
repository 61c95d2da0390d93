import { UserError } from '../../core/errors.js';
import { readPickle } from '../pickle/unpickle.js';
import { textOf, type Value } from '../pickle/values.js';
import { remedyFor, torchGlobals } from './globals.js';
import { readStorageId, storageOf } from './persistent.js';
import { storedSize } from './storage.js';

/** The number that such a file begins with, as a pickle of protocol 2. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
/** The pickled {@link MAGIC}: protocol, length, little-endian bytes, end. */
const BEGINNING = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** Whether the bytes begin as PyTorch before 1.6 saved. */
export function isTorchLegacy(beginning: Uint8Array): boolean {
  return BEGINNING.every((byte, i) => beginning[i] === byte);
}

/**
 * Reads what PyTorch saved before version 1.6: pickles of a number, a version, the machine's properties, the object, and the
 * names of its storages, then each storage: how many elements, and their bytes.
 * @throws UserError when the file is damaged, or holds anything but tensors and plain data.
 */
export function readTorchLegacy(bytes: Uint8Array, file: string): Value {
  const damaged = (why: string) => new UserError(`${file}: ${why}; the file is damaged or cut short, get it again`);
  let position = 0;
  const next = (options: Parameters<typeof readPickle>[2] = {}) => {
    const { value, end } = readPickle(bytes, file, { remedyFor, ...options, start: position });
    position = end;
    return value;
  };
  if (next() !== MAGIC) throw damaged('does not begin as files of PyTorch do');
  if (next() !== PROTOCOL)
    throw new UserError(`${file}: is in an unknown version of PyTorch's old format; save it again with PyTorch 1.6 or later`);
  const machine = next();
  if (!(machine instanceof Map) || machine.get('little_endian') !== true) {
    throw new UserError(`${file}: was saved on a machine with another byte order, which is not supported; save it again on a usual one`);
  }
  const wanted = new Map<string, { readonly length: number; readonly size: number }>();
  const contents = new Map<string, Uint8Array>();
  const value = next({
    globals: torchGlobals,
    persistentLoad: (id) => {
      const storage = readStorageId(id);
      const known = wanted.get(storage.key) ?? { length: storage.length, size: storedSize(storage.type) };
      if (known.length !== storage.length) throw damaged(`gives storage '${storage.key}' two sizes`);
      wanted.set(storage.key, known);
      return storageOf(storage, () => contents.get(storage.key) as Uint8Array);
    },
  });
  const keys = next();
  if (!Array.isArray(keys) || keys.length !== wanted.size) throw damaged('does not list its storages');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (const item of keys) {
    const key = textOf(item) ?? String(item);
    const storage = wanted.get(key);
    if (!storage || contents.has(key)) throw damaged('lists a storage that is not used');
    if (position + 8 + storage.length > bytes.length) throw damaged(`ends inside a storage of ${storage.length} bytes`);
    if (Number(view.getBigInt64(position, true)) * storage.size !== storage.length) throw damaged('gives a storage two sizes');
    contents.set(key, bytes.subarray(position + 8, position + 8 + storage.length));
    position += 8 + storage.length;
  }
  if (position !== bytes.length) throw damaged(`has ${bytes.length - position} bytes behind its last storage`);
  return value;
}
