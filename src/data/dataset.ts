/** Labelled images, all of one size, held in memory as 8-bit pixels. */
export interface Dataset {
  /** `mnist`. */
  readonly name: string;
  /** Which part: `train`, `test`, or a word for a derived one, e.g. `train, 5 % clean`. */
  readonly split: string;
  /** Names of the classes; a label is an index into it. */
  readonly classes: readonly string[];
  /** Channels, height, width. */
  readonly imageShape: readonly [number, number, number];
  /** Pixels 0..255 in NCHW order. */
  readonly images: Uint8Array;
  /** One label per image. */
  readonly labels: Int32Array;
  /** SHA-256 of what it was read from: file name to 64 hexadecimal digits. */
  readonly checksums: Readonly<Record<string, string>>;
  /** What it was read from, in words, where that is not the published archive: `a copy as image files`. */
  readonly origin?: string;
}

/** Number of images. */
export function sizeOfDataset(dataset: Dataset): number {
  return dataset.labels.length;
}

/** Number of 8-bit values in one image. */
export function pixelsPerImage({ imageShape: [channels, height, width] }: Pick<Dataset, 'imageShape'>): number {
  return channels * height * width;
}

/** The pixels of one image, without a copy. */
export function imageAt(dataset: Dataset, index: number): Uint8Array {
  const size = pixelsPerImage(dataset);
  return dataset.images.subarray(index * size, (index + 1) * size);
}

/** A data set of the images at the given positions, in that order. Pixels are copied. */
export function subset(dataset: Dataset, indices: ArrayLike<number>, split: string): Dataset {
  const size = pixelsPerImage(dataset);
  const images = new Uint8Array(indices.length * size);
  const labels = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    images.set(imageAt(dataset, indices[i]), i * size);
    labels[i] = dataset.labels[indices[i]];
  }
  return { ...dataset, split, images, labels };
}
