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
 * Cuts images into slices of equal size.
 * @param start a perturbation of each image.
 * @param most images of a slice at most.
 * @param order of the images; default as they are.
 */
export function cutSlices({ pixels, labels }: ScanImages, start: Tensor<'float32'>, most: number, order?: ArrayLike<number>): Slice[] {
  const total = labels.length;
  const slices = Math.ceil(total / most);
  const size = Math.ceil(total / slices);
  return Array.from({ length: slices }, (_, slice) => {
    const count = Math.min(size, total - slice * size);
    const chosen = Int32Array.from({ length: size }, (_, i) => {
      const position = i < count ? slice * size + i : slice * size;
      return order ? order[position] : position;
    });
    return { clean: rows(pixels, chosen), start: rows(start, chosen), labels: chosen.map((image) => labels[image]), count };
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
