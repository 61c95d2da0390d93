import { type DataType, elementSize } from '../../core/tensor.js';
import type { HalfType } from '../half.js';
import { PickledObject } from '../pickle/values.js';

/** Element type of a stored tensor. */
export type StoredType = Exclude<DataType, 'float16'> | HalfType;

/** Bytes of an element as stored. */
export function storedSize(type: StoredType): number {
  return type === 'bfloat16' ? 2 : elementSize(type);
}

/** PyTorch's classes of storages. It has none for unsigned integers but bytes; those lie in untyped storages. */
export const storageTypes: Readonly<Record<string, StoredType>> = {
  'torch.DoubleStorage': 'float64',
  'torch.FloatStorage': 'float32',
  'torch.HalfStorage': 'float16',
  'torch.BFloat16Storage': 'bfloat16',
  'torch.LongStorage': 'int64',
  'torch.IntStorage': 'int32',
  'torch.ShortStorage': 'int16',
  'torch.CharStorage': 'int8',
  'torch.ByteStorage': 'uint8',
  'torch.BoolStorage': 'bool',
  'torch.UntypedStorage': 'uint8',
  'torch.storage.UntypedStorage': 'uint8',
  'torch.storage._UntypedStorage': 'uint8',
};

/** The names under which a pickle mentions element types. */
export const elementTypes: Readonly<Record<string, StoredType>> = {
  'torch.float64': 'float64',
  'torch.float32': 'float32',
  'torch.float16': 'float16',
  'torch.bfloat16': 'bfloat16',
  'torch.int64': 'int64',
  'torch.int32': 'int32',
  'torch.int16': 'int16',
  'torch.int8': 'int8',
  'torch.uint64': 'uint64',
  'torch.uint32': 'uint32',
  'torch.uint16': 'uint16',
  'torch.uint8': 'uint8',
  'torch.bool': 'bool',
};

/** Memory that tensors view, stored outside the pickle. */
export class Storage extends PickledObject {
  override readonly kind = 'a storage';

  constructor(
    /** What the file calls it; views of the same storage have the same. */
    readonly key: string,
    readonly type: StoredType,
    readonly bytesRange: { readonly start: number; readonly length: number },
    /** All bytes of the storage with this key, once the file is read that far. */
    readonly whole: () => Uint8Array,
  ) {
    super();
  }

  /** The bytes that this one covers. */
  bytes(): Uint8Array {
    const { start, length } = this.bytesRange;
    return this.whole().subarray(start, start + length);
  }
}
