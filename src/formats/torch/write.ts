import { UserError } from '../../core/errors.js';
import { bytesOf, floats, type Tensor, tensor } from '../../core/tensor.js';
import { type HalfType, narrow } from '../half.js';
import { PickleWriter } from '../pickle/writer.js';
import { writeZip } from '../zip/write.js';
import { type StoredType, storageTypes } from './storage.js';
import { contiguousStrides } from './tensor.js';

export interface TorchWriteOptions {
  /** Float32 tensors that are stored in 16 bits, rounded. */
  readonly storedAs?: ReadonlyMap<string, HalfType>;
}

/** The folder's name in the archive; PyTorch takes any. */
const ROOT = 'archive';
/** As PyTorch aligns, so that storages can be mapped into memory. */
const ALIGNMENT = 64;
/** The version of the container that PyTorch has written since 1.6. */
const VERSION = '3\n';

/**
 * Writes a state dictionary as `torch.save` of PyTorch 1.6 and later does, so that `torch.load` opens it, with
 * `weights_only=True` too, as an ordered dictionary of contiguous CPU tensors. One tensor under several names is stored
 * once and stays one. The same tensors give the same bytes.
 * @throws UserError when a tensor has a type that PyTorch has no storage for: 16-, 32- or 64-bit unsigned integers.
 */
export function writeTorch(
  tensors: ReadonlyMap<string, Tensor>,
  { storedAs = new Map() }: TorchWriteOptions = {},
): Uint8Array<ArrayBuffer> {
  const keys = new Map<string, string>();
  const identities = new Map<Tensor['data'], number>();
  const contents: [string, Uint8Array][] = [];
  const pickle = new PickleWriter().global('collections', 'OrderedDict').op(')R(');
  for (const [name, value] of tensors) {
    const half = storedAs.get(name);
    const identity = `${identities.get(value.data) ?? identities.set(value.data, identities.size).size - 1} ${half}`;
    const key = keys.get(identity) ?? String(keys.size);
    if (!keys.has(identity)) contents.push([`${ROOT}/data/${key}`, storedBytes(value, half, name)]);
    keys.set(identity, key);
    pickle.text(name);
    writeTensor(pickle, value, half ?? value.type, key, name);
  }
  pickle.op('u');
  const text = (content: string) => new TextEncoder().encode(content);
  const entries = [
    [`${ROOT}/data.pkl`, pickle.end()],
    [`${ROOT}/byteorder`, text('little')],
    ...contents,
    [`${ROOT}/version`, text(VERSION)],
  ] as const;
  return writeZip(new Map(entries), { alignment: ALIGNMENT });
}

/** A call of PyTorch's function that makes a tensor of a storage outside the pickle. */
function writeTensor(pickle: PickleWriter, { dims, data }: Tensor, type: StoredType | 'float16', key: string, name: string): void {
  pickle.global('torch._utils', '_rebuild_tensor_v2').op('((').text('storage');
  pickle.global('torch', storageClass(type, name)).text(key).text('cpu').whole(data.length).op('tQ');
  pickle.whole(0).wholes(dims).wholes(contiguousStrides(dims)).truth(false);
  pickle.global('collections', 'OrderedDict').op(')RtR');
}

function storageClass(type: StoredType, name: string): string {
  const found = Object.keys(storageTypes).find((full) => storageTypes[full] === type);
  if (!found) throw new UserError(`tensor '${name}' is ${type}, for which PyTorch has no storage; convert it to int64`);
  return found.slice('torch.'.length);
}

function storedBytes(value: Tensor, half: HalfType | undefined, name: string): Uint8Array {
  if (!half || value.type === half) return bytesOf(value);
  return bytesOf(tensor('uint16', value.dims, narrow(half, floats(value, `tensor '${name}'`))));
}
