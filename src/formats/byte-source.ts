/** Bytes that can be read at any place: a file on the disk, or bytes in memory. */
export interface ByteSource {
  /** How many bytes there are. */
  readonly size: number;
  /** The bytes from `offset` on. The caller keeps `offset + length` within {@link size}, and does not change what it gets. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes in memory as a source; what it reads are views, not copies. */
export function asSource(bytes: Uint8Array | ByteSource): ByteSource {
  if (!(bytes instanceof Uint8Array)) return bytes;
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** All bytes of a source; a view where they are in memory already. */
export function allBytes(source: Uint8Array | ByteSource): Uint8Array {
  return source instanceof Uint8Array ? source : source.read(0, source.size);
}
