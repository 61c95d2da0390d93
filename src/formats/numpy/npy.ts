import { UserError } from '../../core/errors.js';
import { elementSize, sizeOf, type Tensor, tensorFromBytes } from '../../core/tensor.js';
import { quoted } from '../pickle/values.js';
import { normalise, numpyCode, parseNumpyType } from './dtype.js';

const MAGIC = [0x93, ...new TextEncoder().encode('NUMPY')];
/** Magic, version of the format, and the shorter of the two forms of the header's length. */
const PREFIX = 10;
/** NumPy itself reads no longer header from a file that it does not trust. */
const MAX_HEADER = 10_000;
const MAX_RANK = 64;
const HEADER = /^\{'descr': '([^'\\]*)', 'fortran_order': (True|False), 'shape': \(((?:\d+, ?)*\d*)\),? ?\}\s*$/;

/**
 * Reads one array from NumPy's own format (`.npy`), versions 1 to 3, of numbers or truth values, in either byte order.
 * @throws UserError when it is anything else or damaged; arrays of objects, which need a pickle, are refused.
 */
export function readNpy(bytes: Uint8Array, file: string): Tensor {
  const damaged = (why: string) => new UserError(`${file}: ${why}; it is no .npy file of numbers or it is damaged`);
  if (bytes.length < PREFIX || MAGIC.some((byte, i) => bytes[i] !== byte)) throw damaged('does not begin as NumPy files do');
  const version = bytes[6];
  if (version < 1 || version > 3) throw damaged(`has version ${version} of the format`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = version === 1 ? PREFIX : PREFIX + 2;
  const length = version === 1 ? view.getUint16(8, true) : start <= bytes.length ? view.getUint32(8, true) : Number.POSITIVE_INFINITY;
  if (length > Math.min(MAX_HEADER, bytes.length - start)) throw damaged('its header is longer than the file');
  const header = String.fromCharCode(...bytes.subarray(start, start + length));
  const [, code, order, shape] = HEADER.exec(header) ?? [];
  if (code === undefined) throw damaged('its header is not that of a plain array');
  const dtype = parseNumpyType(code);
  if (!dtype) throw damaged(`holds elements of type ${quoted(code)}`);
  const dims = [...shape.matchAll(/\d+/g)].map(Number);
  const expected = sizeOf(dims) * elementSize(dtype.type);
  const content = bytes.subarray(start + length);
  if (dims.length > MAX_RANK || content.length !== expected) {
    throw damaged(`its shape (${shape}) takes ${expected} bytes, but it holds ${content.length}`);
  }
  return tensorFromBytes(dtype.type, dims, normalise(content, dtype, dims, order === 'True'), file);
}

/** Writes a tensor in version 1 of NumPy's format; float16 as it is. */
export function writeNpy({ type, dims, data }: Tensor): Uint8Array<ArrayBuffer> {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const text = `{'descr': '${elementSize(type) > 1 ? '<' : '|'}${numpyCode(type)}', 'fortran_order': False, 'shape': (${shape}), }`;
  // NumPy pads so that the data begin at a multiple of 64 bytes.
  const length = Math.ceil((PREFIX + text.length + 1) / 64) * 64 - PREFIX;
  const file = new Uint8Array(PREFIX + length + data.byteLength).fill(0x20, PREFIX, PREFIX + length);
  file.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  file.set(new TextEncoder().encode(text), PREFIX);
  file[PREFIX + length - 1] = 0x0a;
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), PREFIX + length);
  return file;
}
