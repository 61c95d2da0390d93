import { UserError } from './errors.js';

/** Element types that tensors here may have, each with the typed array that stores it. */
export interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type DataType = keyof ArrayOf;

/**
 * A dense, row-major n-dimensional array. A plain object, so that it crosses threads by structured clone.
 * `float16` keeps its bit patterns; `bool` is one byte per element.
 */
export interface Tensor<T extends DataType = DataType> {
  readonly type: T;
  readonly dims: readonly number[];
  readonly data: ArrayOf[T];
}

const constructors: { [T in DataType]: new (source: number | ArrayBufferLike, offset?: number, length?: number) => ArrayOf[T] } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

const bytesPerElement: Record<DataType, number> = {
  float32: 4,
  float64: 8,
  float16: 2,
  int64: 8,
  uint64: 8,
  int32: 4,
  uint32: 4,
  int16: 2,
  uint16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Bytes that one element of the type takes. */
export function elementSize(type: DataType): number {
  return bytesPerElement[type];
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Wraps data as a tensor. Throws when the number of elements does not fit the shape. */
export function tensor<T extends DataType>(type: T, dims: readonly number[], data: ArrayOf[T]): Tensor<T> {
  if (data.length !== sizeOf(dims)) {
    throw new Error(`a ${type} tensor of shape [${dims}] has ${sizeOf(dims)} elements, but ${data.length} were given`);
  }
  return { type, dims: [...dims], data };
}

/** A float32 tensor from numbers. */
export function float32(dims: readonly number[], values: ArrayLike<number>): Tensor<'float32'> {
  return tensor('float32', dims, values instanceof Float32Array ? values : Float32Array.from(values));
}

/** An int64 tensor from integers. */
export function int64(dims: readonly number[], values: ArrayLike<number>): Tensor<'int64'> {
  return tensor(
    'int64',
    dims,
    BigInt64Array.from(Array.from(values), (value) => BigInt(value)),
  );
}

/** A tensor of zeros. */
export function zeros<T extends DataType>(type: T, dims: readonly number[]): Tensor<T> {
  return tensor(type, dims, new constructors[type](sizeOf(dims)));
}

/** A float32 tensor filled with one value. */
export function full(dims: readonly number[], value: number): Tensor<'float32'> {
  return tensor('float32', dims, new Float32Array(sizeOf(dims)).fill(value));
}

/** The tensor's bytes (little-endian on every machine that Node and browsers run on), without a copy. */
export function bytesOf(value: Tensor): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = value.data;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Reads a tensor from little-endian bytes, which are copied so that the tensor is aligned and owns its memory. */
export function tensorFromBytes<T extends DataType>(type: T, dims: readonly number[], bytes: Uint8Array, what = 'a tensor'): Tensor<T> {
  const expected = sizeOf(dims) * elementSize(type);
  if (bytes.byteLength !== expected) {
    throw new UserError(`${what}: ${type} [${dims}] takes ${expected} bytes, but the file holds ${bytes.byteLength}; the file is damaged`);
  }
  // Not bytes.slice(): a Node Buffer would answer with a view into its pool.
  const copy = new Uint8Array(bytes);
  return tensor(type, dims, new constructors[type](copy.buffer, 0, sizeOf(dims)));
}

/** A deep copy. */
export function cloneTensor<T extends DataType>(value: Tensor<T>): Tensor<T> {
  return { type: value.type, dims: [...value.dims], data: value.data.slice() as ArrayOf[T] };
}

/** The value's data as float32, or a clear error when it has another type. */
export function floats(value: Tensor | undefined, what = 'the tensor'): Float32Array {
  if (value?.type !== 'float32') throw new Error(`${what} is ${value ? value.type : 'missing'}, expected float32`);
  return value.data as Float32Array;
}

/** Index of the largest value in each row of a [rows, columns] matrix; the first wins a tie. */
export function argmaxRows(data: ArrayLike<number>, columns: number): Int32Array {
  const rows = data.length / columns;
  const result = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let best = row * columns;
    for (let i = best + 1; i < (row + 1) * columns; i++) if (data[i] > data[best]) best = i;
    result[row] = best - row * columns;
  }
  return result;
}

/** Tensors of one type and shape as one, along a new first axis. */
export function stack<T extends DataType>(tensors: readonly Tensor<T>[]): Tensor<T> {
  const [{ type, dims }] = tensors;
  const size = sizeOf(dims);
  const data = new constructors[type](tensors.length * size);
  tensors.forEach((one, i) => {
    if (one.type !== type || one.dims.join() !== dims.join()) {
      throw new Error(`cannot stack ${one.type} [${one.dims}] on ${type} [${dims}]`);
    }
    (data as Float32Array).set(one.data as Float32Array, i * size);
  });
  return tensor(type, [tensors.length, ...dims], data);
}

/** The tensors along the first axis, as views of the same data. */
export function unstack<T extends DataType>({ type, dims: [count, ...dims], data }: Tensor<T>): Tensor<T>[] {
  const size = sizeOf(dims);
  return Array.from({ length: count }, (_, i) => tensor(type, dims, data.subarray(i * size, (i + 1) * size) as ArrayOf[T]));
}
