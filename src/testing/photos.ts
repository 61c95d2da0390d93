/** One's own images, as files of a folder: of 12 x 12 pixels, 8 of each class in each split, and a colour for each class. */
export function photos(classes: number): Record<string, Uint8Array> {
  const picture = (label: number, i: number) => {
    const pixels = Array.from({ length: 12 * 12 }, (_, at) => [label * 50, (at * 7 + i * 31) % 256, 255 - label * 50]).flat();
    return Uint8Array.from([...Buffer.from('P6\n12 12\n255\n'), ...pixels]);
  };
  const files = ['train', 'test'].flatMap((split) =>
    Array.from({ length: classes * 8 }, (_, i) => {
      const label = i % classes;
      return [`${split}/class ${label}/${i}.ppm`, picture(label, i)] as const;
    }),
  );
  return Object.fromEntries(files);
}
