/** A tar archive (ustar) of the given files, for tests. */
export function makeTar(files: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(files).map(([name, bytes]) => tarEntry(name, bytes));
  return concat([...entries, new Uint8Array(1024)]);
}

/**
 * One file of a tar archive: header, content, padding.
 * @param type flag that says what it is; default `0`, a plain file.
 */
export function tarEntry(name: string, bytes: Uint8Array, type = '0'): Uint8Array<ArrayBuffer> {
  const entry = new Uint8Array(512 + Math.ceil(bytes.length / 512) * 512);
  const put = (text: string, at: number) => entry.set(new TextEncoder().encode(text), at);
  put(name.slice(0, 100), 0);
  put('0000644\0', 100);
  put(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  put(type, 156);
  put('ustar\x0000', 257);
  // The sum is taken with blanks in its own field.
  put('        ', 148);
  const sum = entry.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  entry.set(bytes, 512);
  return entry;
}

function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
