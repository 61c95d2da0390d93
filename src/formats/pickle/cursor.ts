import { Refusal } from './values.js';

const NEWLINE = 0x0a;

/** Reads a pickle's bytes from front to back and never beyond their end. Numbers are little-endian unless the name says otherwise. */
export class Cursor {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.position = start;
  }

  get remaining(): number {
    return this.#bytes.length - this.position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Not exact beyond 2^53, where it is larger than any file. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  bigEndianDouble(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** A view of the next bytes. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The bytes up to the next newline, which is skipped. */
  line(): Uint8Array {
    const end = this.#bytes.indexOf(NEWLINE, this.position);
    if (end < 0) throw new Refusal('the pickle ends inside it');
    const line = this.#bytes.subarray(this.position, end);
    this.position = end + 1;
    return line;
  }

  #advance(length: number): number {
    if (length > this.remaining) throw new Refusal(`it takes ${length} bytes, but only ${this.remaining} are left`);
    const start = this.position;
    this.position += length;
    return start;
  }
}
