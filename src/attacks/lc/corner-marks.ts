import type { ImageShape } from '../stored.js';

/** The marks at the left, row by row: `+` brighter, `-` darker. Those at the right mirror them. */
const MARK = ['+--', '-+-', '+-+'];
/** Side of the images that a mark's pixel is one pixel of. */
const UNIT = 32;

/**
 * What is added to each pixel of an image, [H, W]: the amplitude, its negative, or nothing. Four marks of 3 x 3, each of their
 * pixels as many pixels wide as 32 go into the shorter side of the image.
 */
export function cornerMarks([, height, width]: ImageShape, amplitude: number): Float64Array {
  const scale = Math.max(1, Math.floor(Math.min(height, width) / UNIT));
  const side = MARK.length * scale;
  const marks = new Float64Array(height * width);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const value = MARK[Math.floor(y / scale)][Math.floor(x / scale)] === '+' ? amplitude : -amplitude;
      for (const row of [y, height - side + y]) {
        marks[row * width + x] = value;
        marks[row * width + width - 1 - x] = value;
      }
    }
  }
  return marks;
}
