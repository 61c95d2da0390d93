import { elementSize, sizeOf, type Tensor, tensor, tensorFromBytes } from '../../core/tensor.js';
import { countsOf, mergeGlobals, plainGlobals } from '../pickle/globals.js';
import {
  type Global,
  GlobalReference,
  type Globals,
  kindOf,
  PickledObject,
  quoted,
  Refusal,
  textOf,
  type Value,
} from '../pickle/values.js';
import { type NumpyType, normalise, parseNumpyType } from './dtype.js';

/** Most axes that NumPy knows. */
const MAX_RANK = 64;

/** A NumPy array from a pickle. */
export class NumpyArray extends PickledObject {
  override readonly kind = 'an array';
  #content?: { readonly dtype: NumpyType; readonly dims: readonly number[]; readonly columnMajor: boolean; readonly bytes: Uint8Array };

  get dims(): readonly number[] {
    return this.#content?.dims ?? [0];
  }

  /**
   * The array as a row-major tensor. One of single bytes that needs no reordering is a view into the file; every other
   * owns its memory.
   */
  toTensor(): Tensor {
    if (!this.#content) return tensor('float64', [0], new Float64Array(0));
    const { dtype, dims, columnMajor, bytes } = this.#content;
    const ordered = normalise(bytes, dtype, dims, columnMajor);
    return dtype.type === 'uint8' ? tensor('uint8', dims, ordered) : tensorFromBytes(dtype.type, dims, ordered);
  }

  /** Takes the state that NumPy pickles: version, shape, type, whether it is column-major, bytes. */
  fill(state: Value): void {
    if (!Array.isArray(state) || state.length !== 5) throw new Refusal('it gives an array an unusual state');
    const [, shape, dtype, columnMajor, content] = state;
    this.set(shape, dtype, columnMajor === true || columnMajor === 1, content);
  }

  set(shape: Value, dtype: Value, columnMajor: boolean, content: Value): void {
    const dims = countsOf(shape, "an array's shape");
    if (dims.length > MAX_RANK) throw new Refusal(`it makes an array with ${dims.length} axes`);
    const type = completed(dtype);
    if (!(content instanceof Uint8Array)) throw new Refusal(`it fills an array from ${kindOf(content)}`);
    const expected = sizeOf(dims) * elementSize(type.type);
    if (content.length !== expected) {
      throw new Refusal(`it fills an array of shape [${dims.join(', ')}] that takes ${expected} bytes with ${content.length}`);
    }
    this.#content = { dtype: type, dims, columnMajor, bytes: content };
  }
}

/** A NumPy element type from a pickle; its byte order comes later than the rest. */
class PickledType extends PickledObject {
  override readonly kind = 'an element type';
  bigEndian = false;

  constructor(readonly dtype: NumpyType) {
    super();
  }
}

function completed(value: Value | undefined): NumpyType {
  if (!(value instanceof PickledType)) throw new Refusal(`it gives ${kindOf(value)} for an element type`);
  return { ...value.dtype, bigEndian: value.bigEndian };
}

const reconstruct: Global = {
  call: ([type]) => {
    if (!(type instanceof GlobalReference) || type.name !== 'numpy.ndarray') throw new Refusal(`it makes an array of ${kindOf(type)}`);
    return new NumpyArray();
  },
  build: (object, state) => (object as NumpyArray).fill(state),
};

/** What protocol 5 calls instead of making an empty array and filling it. */
const fromBuffer: Global = {
  call: ([content, dtype, shape, order]) => {
    const array = new NumpyArray();
    array.set(shape, dtype, textOf(order) === 'F', content);
    return array;
  },
};

const elementType: Global = {
  call: ([code]) => {
    const name = textOf(code);
    const dtype = name === undefined ? undefined : parseNumpyType(name);
    if (!dtype) throw new Refusal(`it makes an array of ${name === undefined ? kindOf(code) : `elements of type ${quoted(name)}`}`);
    return new PickledType(dtype);
  },
  build: (object, state) => {
    const [, order] = Array.isArray(state) ? state : [];
    (object as PickledType).bigEndian = textOf(order) === '>';
  },
};

/** A single number; it becomes a plain one. */
const scalar: Global = {
  call: ([dtype, content]) => {
    const array = new NumpyArray();
    array.set([], dtype, false, content);
    const { type, data } = array.toTensor();
    const [value] = data;
    if (type === 'bool') return value === 1;
    if (type === 'float16') throw new Refusal('it holds a single number of type float16');
    return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  },
};

/** The allow-list for plain Python data and NumPy arrays and numbers; CIFAR's Python files need no more. */
export const numpyGlobals: Globals = mergeGlobals(
  plainGlobals,
  new Map<string, Global>([
    ['numpy.core.multiarray._reconstruct', reconstruct],
    ['numpy.core.multiarray.scalar', scalar],
    ['numpy.core.numeric._frombuffer', fromBuffer],
    ['numpy.ndarray', {}],
    ['numpy.dtype', elementType],
  ]),
);
