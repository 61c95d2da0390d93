import { UserError } from '../core/errors.js';

/** Reads exact numbers of bytes from pieces of any size. */
export class ByteStream {
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #file: string;
  #rest: Uint8Array = new Uint8Array(0);
  #position = 0;

  /** @param file its name, for messages. */
  constructor(pieces: AsyncIterable<Uint8Array>, file: string) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#file = file;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next bytes, in memory of their own. Whoever calls has checked the length, as memory for it is taken at once.
   * @throws UserError with the offset where the stream ends before.
   */
  async read(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    for (;;) {
      const piece = this.#rest.subarray(0, length - filled);
      bytes.set(piece, filled);
      this.#take(piece.length);
      filled += piece.length;
      if (filled === length) return bytes;
      await this.#next(length - filled);
    }
  }

  /** Passes over bytes. Throws as {@link read} does. */
  async skip(length: number): Promise<void> {
    for (let left = length; ; ) {
      const piece = Math.min(left, this.#rest.length);
      this.#take(piece);
      left -= piece;
      if (left === 0) return;
      await this.#next(left);
    }
  }

  /** Lets go of the source, whether or not it is at its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  #take(length: number): void {
    this.#rest = this.#rest.subarray(length);
    this.#position += length;
  }

  async #next(missing: number): Promise<void> {
    const { done, value } = await this.#pieces.next();
    if (done) throw new UserError(`'${this.#file}' is truncated: it ends at byte ${this.#position}, ${missing} bytes short; get it again`);
    this.#rest = value;
  }
}
