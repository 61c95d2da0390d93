const unit = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/** Writes 8-bit pixels as float32 in [0, 1] (value / 255) into `target`, from position `offset` on. */
export function writeUnitPixels(pixels: Uint8Array, target: Float32Array, offset = 0): void {
  for (let i = 0; i < pixels.length; i++) target[offset + i] = unit[pixels[i]];
}
