/** How a model file wants its images; everything that is left out is found out from the file. */
export interface PixelOptions {
  /** Order of the axes of its input: [N, C, H, W] or [N, H, W, C]. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Order of the colours along the channel axis. */
  readonly channel_order?: 'rgb' | 'bgr';
  /** The model gets (pixel · scale - mean) / std, with pixels in [0, 1]; 1 by default, 255 for models that take 0..255. */
  readonly scale?: number;
  /** One number for each channel, in the order in which the model takes them; or one for all. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Height and width in pixels, for a file that leaves them open; one that does not must have these. */
  readonly image_size?: number;
  /** The same, for a file that leaves them open, where nothing was said; any other file has its own. */
  readonly open_size?: number;
}

/** How an image becomes the model's input. */
export interface PixelConvention {
  /** `nhw` is an input without a channel axis, for grey images. */
  readonly layout: 'nchw' | 'nhwc' | 'nhw';
  /** Channels, height, width. */
  readonly imageShape: readonly [number, number, number];
  readonly channelOrder: 'rgb' | 'bgr';
  /** The model gets (pixel · scale - mean) / std, with pixels in [0, 1]. */
  readonly scale: number;
  /** One number for each channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Whether scale, mean and std were given, follow from what the file says, or are a guess that nothing supports. */
  readonly basis: 'given' | 'file' | 'assumed';
  /** What they follow from, as the end of a sentence; empty where they were given. */
  readonly reason: string;
}

/** The convention in words: `pixels times 255, less 0.5, over 0.5`. */
export function describePixels({ scale, mean, std, layout, channelOrder }: PixelConvention): string {
  const list = (values: readonly number[]) => {
    const shown = new Set(values).size === 1 ? values.slice(0, 1) : values;
    return shown.map((value) => String(Number(value.toPrecision(6)))).join(', ');
  };
  const steps = [scale === 1 ? 'pixels in [0, 1]' : scale === 255 ? 'pixels in [0, 255]' : `pixels in [0, 1] times ${list([scale])}`];
  if (mean.some((value) => value !== 0)) steps.push(`less mean ${list(mean)}`);
  if (std.some((value) => value !== 1)) steps.push(`over std ${list(std)}`);
  const order = channelOrder === 'bgr' ? ', blue first' : '';
  return `${steps.join(', ')}; ${layout.toUpperCase()}${order}`;
}
