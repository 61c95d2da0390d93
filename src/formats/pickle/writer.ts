/** Protocol 2, the oldest that PyTorch reads from a zip archive, and the one it writes. */
const PROTOCOL = 2;

/** Writes pickles of protocol 2, opcode by opcode. */
export class PickleWriter {
  readonly #parts: Uint8Array[] = [];

  constructor() {
    this.#put(0x80, PROTOCOL);
  }

  /** Opcodes without an argument, by their letters. */
  op(letters: string): this {
    return this.#put(...letters.split('').map((letter) => letter.charCodeAt(0)));
  }

  /** A name of Python. */
  global(module: string, name: string): this {
    return this.#code('c', new TextEncoder().encode(`${module}\n${name}\n`));
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.#code('X', uint32(bytes.length)).#code('', bytes);
  }

  truth(value: boolean): this {
    return this.#put(value ? 0x88 : 0x89);
  }

  /** A whole number of at least 0 that is exact. */
  whole(value: number): this {
    if (value < 2 ** 31) return this.#code('J', uint32(value));
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
    return this.#put(0x8a, 8).#code('', bytes);
  }

  /** A tuple of whole numbers. */
  wholes(values: readonly number[]): this {
    this.op('(');
    for (const value of values) this.whole(value);
    return this.op('t');
  }

  /** The pickle so far, ended. */
  end(): Uint8Array {
    this.op('.');
    const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let position = 0;
    for (const part of this.#parts) {
      whole.set(part, position);
      position += part.length;
    }
    return whole;
  }

  #code(letter: string, argument: Uint8Array): this {
    this.op(letter);
    this.#parts.push(argument);
    return this;
  }

  #put(...bytes: number[]): this {
    this.#parts.push(Uint8Array.from(bytes));
    return this;
  }
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
