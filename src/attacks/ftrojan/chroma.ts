/** An image [3, H, W] in luma and two differences of colour, 8 bits each, as JPEG and OpenCV have them. */
export interface YCrCb {
  readonly y: Uint8Array;
  readonly cr: Uint8Array;
  readonly cb: Uint8Array;
}

/**
 * Red, green, blue to Y = 0.299 R + 0.587 G + 0.114 B, Cr = 0.713 (R - Y) + 128, Cb = 0.564 (B - Y) + 128. Y is rounded to
 * 8 bits before it is subtracted, the differences after, as OpenCV does.
 */
export function toYCrCb(image: Uint8Array): YCrCb {
  const area = image.length / 3;
  const [y, cr, cb] = [0, 1, 2].map(() => new Uint8Array(area));
  for (let i = 0; i < area; i++) {
    const [r, g, b] = [image[i], image[area + i], image[2 * area + i]];
    const luma = to8Bits(0.299 * r + 0.587 * g + 0.114 * b);
    y[i] = luma;
    cr[i] = to8Bits(0.713 * (r - luma) + 128);
    cb[i] = to8Bits(0.564 * (b - luma) + 128);
  }
  return { y, cr, cb };
}

/** Back: R = Y + 1.403 (Cr - 128), G = Y - 0.714 (Cr - 128) - 0.344 (Cb - 128), B = Y + 1.773 (Cb - 128), rounded to 8 bits. */
export function fromYCrCb({ y, cr, cb }: YCrCb): Uint8Array {
  const area = y.length;
  const image = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    const [luma, red, blue] = [y[i], cr[i] - 128, cb[i] - 128];
    image[i] = to8Bits(luma + 1.403 * red);
    image[area + i] = to8Bits(luma - 0.714 * red - 0.344 * blue);
    image[2 * area + i] = to8Bits(luma + 1.773 * blue);
  }
  return image;
}

/** Adds a plane [H, W] to both differences of colour, which are then cut to whole numbers as published. */
export function addToChroma(image: Uint8Array, plane: Float64Array): Uint8Array {
  const { y, cr, cb } = toYCrCb(image);
  const add = (values: Uint8Array) => values.map((value, i) => Math.min(255, Math.max(0, Math.floor(value + plane[i]))));
  return fromYCrCb({ y, cr: add(cr), cb: add(cb) });
}

function to8Bits(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
