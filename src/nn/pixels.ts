import { float32, sizeOf, type Tensor } from '../core/tensor.js';

const unit = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/** Writes 8-bit pixels as float32 in [0, 1] (value / 255) into `target`, from position `offset` on. */
export function writeUnitPixels(pixels: Uint8Array, target: Float32Array, offset = 0): void {
  for (let i = 0; i < pixels.length; i++) target[offset + i] = unit[pixels[i]];
}

/**
 * Images of 8-bit pixels as a tensor of pixels in [0, 1].
 * @param imageShape channels, height, width of each.
 * @returns [N, C, H, W].
 */
export function unitPixels(images: Uint8Array, imageShape: readonly [number, number, number]): Tensor<'float32'> {
  const pixels = new Float32Array(images.length);
  writeUnitPixels(images, pixels);
  return float32([images.length / sizeOf(imageShape), ...imageShape], pixels);
}
