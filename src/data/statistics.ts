import { type Dataset, pixelsPerImage, sizeOfDataset } from './dataset.js';

/**
 * Mean and standard deviation of each channel's pixels in [0, 1], over all images, to four decimals as the literature
 * gives them. A channel that never changes has the deviation 1, so that it can be divided by.
 */
export function channelStatistics(dataset: Dataset): { mean: number[]; std: number[] } {
  const [channels, height, width] = dataset.imageShape;
  const plane = height * width;
  const size = pixelsPerImage(dataset);
  const count = sizeOfDataset(dataset) * plane;
  const round = (value: number) => Math.round(value * 1e4) / 1e4;
  const statistics = Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    let squares = 0;
    // Whole numbers, so the sums are exact and the same on every machine.
    for (let start = channel * plane; start < dataset.images.length; start += size) {
      for (let i = start; i < start + plane; i++) {
        sum += dataset.images[i];
        squares += dataset.images[i] ** 2;
      }
    }
    const mean = sum / count;
    return { mean: round(mean / 255), std: round(Math.sqrt(Math.max(squares / count - mean * mean, 0)) / 255) || 1 };
  });
  return { mean: statistics.map(({ mean }) => mean), std: statistics.map(({ std }) => std) };
}
