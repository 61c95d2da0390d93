import { UserError } from '../core/errors.js';

/** An array read from an IDX file. */
export interface IdxArray {
  readonly dims: readonly number[];
  /** Row-major, in the memory of the file's bytes. */
  readonly data: Uint8Array;
}

/** Type code of unsigned bytes, the only one that image sets use. */
const UBYTE = 0x08;

/** Largest number of axes that is looked at: labels have 1, grey images 3, colour images 4. */
const MAX_RANK = 4;

/**
 * Parses an IDX file of unsigned bytes: two zero bytes, type code, rank, each dimension as a 32-bit big-endian integer,
 * then the values. The file must end where its header says.
 * @param file its name, for messages.
 * @throws UserError when the bytes are anything else.
 */
export function parseIdx(bytes: Uint8Array, file: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0) throw damaged(file, 'is not an IDX file (it should start with two zero bytes)');
  const [type, rank] = [bytes[2], bytes[3]];
  if (type !== UBYTE) throw damaged(file, `holds values of IDX type 0x${hex(type)}, expected 0x${hex(UBYTE)} (unsigned bytes)`);
  if (rank < 1 || rank > MAX_RANK) throw damaged(file, `has ${rank} dimensions by its header, expected 1 to ${MAX_RANK}`);
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw damaged(file, `ends inside its header, after ${bytes.length} bytes`);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // A product too large to be exact is still far larger than any file, so the comparison holds.
  const values = dims.reduce((product, dim) => product * dim, 1);
  if (values === 0) throw damaged(file, `is empty: its header says ${dims.join(' x ')}`);
  if (bytes.length !== header + values) {
    throw damaged(file, `has ${bytes.length} bytes, but its header (${dims.join(' x ')}) calls for ${header + values}`);
  }
  return { dims, data: bytes.subarray(header) };
}

/** Grey images as parsed. */
export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Pixels 0..255, [count, 1, height, width]. */
  readonly images: Uint8Array;
}

/**
 * Parses a file of grey images [count, height, width].
 * @throws UserError as {@link parseIdx} does, and when the file has another number of dimensions.
 */
export function parseIdxImages(bytes: Uint8Array, file: string): IdxImages {
  const { dims, data } = parseIdx(bytes, file);
  if (dims.length !== 3) throw wrongKind(file, 'images', 3, dims.length);
  const [count, height, width] = dims;
  return { count, height, width, images: data };
}

/**
 * Parses a file of labels, one per image.
 * @param classes K; every label must be in 0..K-1.
 * @throws UserError as {@link parseIdx} does, when the file has another number of dimensions, and when a label is too large.
 */
export function parseIdxLabels(bytes: Uint8Array, file: string, classes: number): Int32Array {
  const { dims, data } = parseIdx(bytes, file);
  if (dims.length !== 1) throw wrongKind(file, 'labels', 1, dims.length);
  const wrong = data.findIndex((label) => label >= classes);
  if (wrong >= 0) throw damaged(file, `gives image ${wrong} the label ${data[wrong]}, expected 0 to ${classes - 1}`);
  return Int32Array.from(data);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function damaged(file: string, problem: string): UserError {
  return new UserError(`'${file}' ${problem}; get the file again`);
}

function wrongKind(file: string, what: string, expected: number, found: number): UserError {
  return new UserError(`'${file}' is no file of ${what}: it has ${found} dimensions, expected ${expected}; check the file's name`);
}
