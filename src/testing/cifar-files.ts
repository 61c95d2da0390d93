/** Pixels of image i of a made-up CIFAR set, [3, 32, 32]: an image tells where it came from. */
export function cifarPixels(i: number): Uint8Array {
  // A product of two places, so that an archive of them does not shrink to next to nothing.
  return Uint8Array.from({ length: 3072 }, (_, k) => Math.imul(i * 3072 + k + 1, Math.imul(k + 7, 2654435761)) >>> 24);
}

/**
 * A file of CIFAR's binary form.
 * @param first number of the first image.
 * @param coarse whether a coarse label stands before the label, as in CIFAR-100.
 */
export function cifarBinary(labels: readonly number[], first: number, coarse = false): Buffer {
  return Buffer.concat(labels.map((label, i) => Buffer.concat([Buffer.from(coarse ? [0, label] : [label]), cifarPixels(first + i)])));
}

/** A file of CIFAR's Python form, as Python 2 pickled it in protocol 2. Labels are below 256. */
export function cifarPickle(labels: readonly number[], first: number, key = 'labels'): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from('U'), Buffer.from([value.length]), Buffer.from(value)]);
  const number32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const pixels = Buffer.concat(labels.map((_, i) => cifarPixels(first + i)));
  const minusOne = Buffer.concat([Buffer.from('J'), Buffer.from([255, 255, 255, 255])]);
  return Buffer.concat([
    Buffer.from('\x80\x02}(', 'latin1'),
    text('batch_label'),
    text('made up'),
    text('data'),
    Buffer.from('cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85', 'latin1'),
    text('b'),
    Buffer.from('\x87R(K\x01J', 'latin1'),
    number32(labels.length),
    Buffer.from('J'),
    number32(3072),
    Buffer.from('\x86cnumpy\ndtype\n', 'latin1'),
    text('u1'),
    Buffer.from('K\x00K\x01\x87R(K\x03', 'latin1'),
    text('|'),
    Buffer.from('NNN'),
    minusOne,
    minusOne,
    Buffer.from('K\x00tb\x89T', 'latin1'),
    number32(pixels.length),
    pixels,
    Buffer.from('tb'),
    text(key),
    Buffer.concat([Buffer.from(']('), ...labels.map((label) => Buffer.from([0x4b, label])), Buffer.from('eu.')]),
  ]);
}
