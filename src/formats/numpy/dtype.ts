import { type DataType, elementSize } from '../../core/tensor.js';

/** Element type of a NumPy array, as the format codes it. */
export interface NumpyType {
  readonly type: DataType;
  readonly bigEndian: boolean;
}

/** NumPy's letter for the kind and the number of bytes. */
const types: Readonly<Record<string, DataType>> = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  i4: 'int32',
  i2: 'int16',
  i1: 'int8',
  u8: 'uint64',
  u4: 'uint32',
  u2: 'uint16',
  u1: 'uint8',
  b1: 'bool',
};

/** NumPy's name for a type: `u1` for uint8. */
export function numpyCode(type: DataType): string {
  return Object.keys(types).find((code) => types[code] === type) as string;
}

/** The type of a code such as `<f4`, `|u1` or `i8`; undefined when it is not one of numbers or truth values. */
export function parseNumpyType(code: string): NumpyType | undefined {
  const [, order, name] = /^([<>=|]?)([a-z]\d)$/.exec(code) ?? [];
  const type = types[name as string];
  return type && { type, bigEndian: order === '>' };
}

/**
 * An array's elements as the tensor's bytes: little-endian and row-major. Where they are that already, the same bytes.
 * @param bytes as many as shape and type take.
 */
export function normalise(bytes: Uint8Array, { type, bigEndian }: NumpyType, dims: readonly number[], columnMajor: boolean): Uint8Array {
  const size = elementSize(type);
  const reordered = columnMajor && dims.filter((dim) => dim > 1).length > 1 ? rowMajor(bytes, size, dims) : bytes;
  return bigEndian && size > 1 ? swapped(reordered, size) : reordered;
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let start = 0; start < bytes.length; start += size) {
    for (let i = 0; i < size; i++) result[start + i] = bytes[start + size - 1 - i];
  }
  return result;
}

function rowMajor(bytes: Uint8Array, size: number, dims: readonly number[]): Uint8Array {
  const result = new Uint8Array(bytes.length);
  const index = new Array<number>(dims.length).fill(0);
  const strides = dims.map((_, axis) => dims.slice(0, axis).reduce((product, dim) => product * dim, size));
  let source = 0;
  for (let target = 0; target < bytes.length; target += size) {
    for (let i = 0; i < size; i++) result[target + i] = bytes[source + i];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < dims[axis]) break;
      source -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return result;
}
