import { UserError } from '../../core/errors.js';
import { sizeOf, type Tensor, tensorFromBytes } from '../../core/tensor.js';
import { widen } from '../half.js';
import { PickledObject, Refusal } from '../pickle/values.js';
import { type Storage, type StoredType, storedSize } from './storage.js';

/** More axes than any tensor has. */
const MAX_RANK = 64;

/** How many bytes may still be read into tensors. */
export interface Allowance {
  left: number;
}

/** A tensor in a file of PyTorch: a view of a storage. Its numbers are read when they are asked for. */
export class TorchTensor extends PickledObject {
  override readonly kind = 'a tensor';

  /** Throws a {@link Refusal} when the view reaches beyond its storage. */
  constructor(
    readonly storage: Storage,
    /** First element, counted from the storage's beginning. */
    readonly offset: number,
    readonly dims: readonly number[],
    /** Elements from one index to the next, for each axis. */
    readonly strides: readonly number[],
    readonly type: StoredType = storage.type,
  ) {
    super();
    if (dims.length !== strides.length || dims.length > MAX_RANK) {
      throw new Refusal(`it makes a tensor with ${dims.length} sizes and ${strides.length} strides`);
    }
    const last = dims.includes(0) ? -1 : offset + dims.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis], 0);
    const count = storage.bytesRange.length / storedSize(type);
    if (last >= count || offset > count) {
      throw new Refusal(`it makes a tensor that reaches to element ${Math.max(last + 1, offset)} of a storage of ${Math.floor(count)}`);
    }
  }

  /** Bytes that it takes when read as stored. */
  get byteLength(): number {
    return sizeOf(this.dims) * storedSize(this.type);
  }

  /** The same for tensors that view the same numbers in the same way. */
  get identity(): string {
    return [this.storage.key, this.type, this.storage.bytesRange.start, this.offset, this.dims.join('x'), this.strides.join('x')].join(' ');
  }

  /**
   * Reads the numbers: row-major, owning their memory, 16-bit floating point as float32.
   * @param where names it in errors.
   * @throws UserError when that would take more than is allowed, or the file turns out to be damaged.
   */
  read(allowance: Allowance, where: string): Tensor {
    const { type, dims, byteLength } = this;
    if (byteLength > allowance.left) {
      throw new UserError(`${where} would take ${byteLength} bytes, more than the file has to offer; save it again with .clone()`);
    }
    allowance.left -= byteLength;
    const bytes = this.#gather();
    if (type === 'bfloat16' || type === 'float16') {
      const patterns = tensorFromBytes('uint16', dims, bytes, where).data;
      return { type: 'float32', dims: [...dims], data: widen(type, patterns) };
    }
    return tensorFromBytes(type, dims, bytes, where);
  }

  /** The elements' bytes, row-major. */
  #gather(): Uint8Array {
    const { dims, strides } = this;
    const size = storedSize(this.type);
    const all = this.storage.bytes();
    const length = this.byteLength;
    if (isContiguous(dims, strides)) return all.subarray(this.offset * size, this.offset * size + length);
    const result = new Uint8Array(length);
    const index = new Array<number>(dims.length).fill(0);
    let element = this.offset;
    for (let target = 0; target < length; target += size) {
      for (let i = 0; i < size; i++) result[target + i] = all[element * size + i];
      for (let axis = dims.length - 1; axis >= 0; axis--) {
        element += strides[axis];
        if (++index[axis] < dims[axis]) break;
        element -= strides[axis] * dims[axis];
        index[axis] = 0;
      }
    }
    return result;
  }
}

/** The strides of a row-major tensor. */
export function contiguousStrides(dims: readonly number[]): number[] {
  return dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * Math.max(dim, 1), 1));
}

/** Whether elements follow each other; the stride of an axis of size 1 does not matter. */
function isContiguous(dims: readonly number[], strides: readonly number[]): boolean {
  const expected = contiguousStrides(dims);
  return dims.includes(0) || dims.every((dim, axis) => dim === 1 || strides[axis] === expected[axis]);
}
