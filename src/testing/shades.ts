const CLASSES = 3;

/** A small data set of one's own images, as files of a folder `images`: the brightness of a picture is its class. */
export function shades(): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const [split, count] of [
    ['train', 20],
    ['test', 6],
  ] as const)
    for (let label = 0; label < CLASSES; label++)
      for (let i = 0; i < count; i++) files[`images/${split}/${label}/${i}.ppm`] = picture(label, i);
  return files;
}

/** As a portable pixmap. */
function picture(label: number, i: number): Uint8Array {
  const pixels = Array.from({ length: 192 }, (_, at) => 20 + 90 * label + ((at * 7 + i * 13) % 40));
  return Buffer.concat([Buffer.from('P6\n8 8\n255\n'), Buffer.from(pixels)]);
}
