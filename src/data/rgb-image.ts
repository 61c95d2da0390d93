/** A colour image as files hold it. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** 0..255, row by row, red, green, blue for each pixel. */
  readonly pixels: Uint8Array;
}

/** Writes an image as planes, [3, height, width], the order of data sets and tensors, into `planes` from `offset` on. */
export function writePlanes({ pixels }: RgbImage, planes: Uint8Array, offset: number): void {
  const area = pixels.length / 3;
  for (let channel = 0; channel < 3; channel++) {
    const start = offset + channel * area;
    for (let i = 0; i < area; i++) planes[start + i] = pixels[3 * i + channel];
  }
}
