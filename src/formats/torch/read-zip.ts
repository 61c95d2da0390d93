import { UserError } from '../../core/errors.js';
import type { ByteSource } from '../byte-source.js';
import { unpickle } from '../pickle/unpickle.js';
import { Refusal, type Value } from '../pickle/values.js';
import { openZip, type ZipArchive } from '../zip/read.js';
import { remedyFor, torchGlobals } from './globals.js';
import { readStorageId, storageOf } from './persistent.js';

/** Longest pickle that is read; that of a whole record of an attack has about 10 MB. */
const MAX_PICKLE = 2 ** 28;
const SUFFIX = '/data.pkl';

/**
 * Reads what PyTorch 1.6 and later save: a zip archive with a pickle and a file for each storage. Storages are read when their
 * tensors are.
 * @throws UserError when the file is damaged, or holds anything but tensors and plain data.
 */
export function readTorchZip(source: ByteSource, file: string): Value {
  const archive = openZip(source, file);
  const root = rootOf(archive, file);
  if (archive.entries.has(`${root}/byteorder`) && new TextDecoder().decode(archive.read(`${root}/byteorder`, 16)) !== 'little') {
    throw new UserError(`${file}: was saved on a machine with another byte order, which is not supported; save it again on a usual one`);
  }
  const read = new Map<string, () => Uint8Array>();
  return unpickle(archive.read(`${root}${SUFFIX}`, MAX_PICKLE), `${file}: '${root}${SUFFIX}'`, {
    globals: torchGlobals,
    remedyFor,
    persistentLoad: (value) => {
      const id = readStorageId(value);
      const entry = archive.entries.get(`${root}/data/${id.key}`);
      if (!entry) throw new Refusal(`it asks for a storage that the archive lacks`, 'get the file again');
      if (entry.size !== id.length) {
        throw new Refusal(`it asks for a storage of ${id.length} bytes, the archive's has ${entry.size}`, 'get the file again');
      }
      const whole = read.get(entry.name) ?? once(() => archive.read(entry.name));
      read.set(entry.name, whole);
      return storageOf(id, whole);
    },
  });
}

/** The one folder in which everything lies. */
function rootOf({ entries }: ZipArchive, file: string): string {
  const names = [...entries.keys()];
  const pickles = names.filter((name) => name.indexOf(SUFFIX) === name.indexOf('/') && name.endsWith(SUFFIX));
  if (pickles.length !== 1)
    throw new UserError(`${file}: is a zip archive, but PyTorch did not save it; give the file that torch.save wrote`);
  const root = pickles[0].slice(0, -SUFFIX.length);
  if (names.some((name) => name === `${root}/constants.pkl` || name.startsWith(`${root}/code/`))) {
    throw new UserError(`${file}: is a TorchScript program; in Python, save torch.save(model.state_dict(), "model.pt") instead`);
  }
  return root;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
