import type { Value } from '../onnx/builder.js';
import type { Layers, Maps } from './layers.js';

/**
 * Average pool to a map of side x side positions, whatever the size of the image, as PyTorch's: position i averages the rows
 * from ⌊i h / side⌋ up to, but not including, ⌈(i + 1) h / side⌉, and columns likewise. Windows overlap, and smaller images are repeated.
 */
export function adaptiveAveragePool(layers: Layers, x: Maps, side: number): Maps {
  const [channels, height, width] = x.shape;
  if (height === width && height % side === 0) return height === side ? x : layers.averagePool(x, { kernel: height / side });
  const { builder } = layers;
  const pooled: readonly [number, number, number] = [channels, side, side];
  if (height === 1 && width === 1) return { value: builder.expand(x.value, [1, 1, side, side]), shape: pooled };
  const along = (value: Value, axis: number, size: number): Value => {
    const windows = Array.from({ length: side }, (_, i) => [Math.floor((i * size) / side), Math.ceil(((i + 1) * size) / side)]);
    const parts = windows.map(([from, to]) => {
      const window = builder.slice(value, [from], [to], [axis]);
      return to - from === 1 ? window : builder.reduceMean(window, [axis], true);
    });
    return builder.concat(parts, axis);
  };
  return { value: along(along(x.value, 2, height), 3, width), shape: pooled };
}
