import { type Tensor, tensor } from '../../core/tensor.js';

/** Clean images that a scan works with. */
export interface ScanImages {
  /** Pixels 0..1: [B, C, H, W]. */
  readonly pixels: Tensor<'float32'>;
  readonly labels: Int32Array;
}

/** Some of the images, as many in every slice, with the perturbation that every map begins from. */
export interface Slice {
  /** [B, C, H, W]. */
  readonly clean: Tensor<'float32'>;
  /** Of the same shape; clean + start lies in [0, 1]. */
  readonly start: Tensor<'float32'>;
  readonly labels: Int32Array;
  /** The first so many images count; in the last slice the rest repeats the first image. */
  readonly count: number;
}

/**
 * Cuts images into slices of one size.
 * @param start a perturbation of each image.
 * @param size images of each slice.
 * @param chosen images, in this order; default all as they are.
 */
export function cutSlices({ pixels, labels }: ScanImages, start: Tensor<'float32'>, size: number, chosen?: readonly number[]): Slice[] {
  const total = chosen?.length ?? labels.length;
  return Array.from({ length: Math.ceil(total / size) }, (_, slice) => {
    const count = Math.min(size, total - slice * size);
    const images = Int32Array.from({ length: size }, (_, i) => {
      const position = slice * size + (i < count ? i : 0);
      return chosen ? chosen[position] : position;
    });
    return { clean: rows(pixels, images), start: rows(start, images), labels: images.map((image) => labels[image]), count };
  });
}

function rows({ dims, data }: Tensor<'float32'>, chosen: Int32Array): Tensor<'float32'> {
  const size = data.length / dims[0];
  const result = new Float32Array(chosen.length * size);
  chosen.forEach((from, i) => {
    result.set(data.subarray(from * size, (from + 1) * size), i * size);
  });
  return tensor('float32', [chosen.length, ...dims.slice(1)], result);
}
