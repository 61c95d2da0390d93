import { UserError } from '../../core/errors.js';
import type { Graph } from '../../onnx/graph.js';
import type { PixelConvention, PixelOptions } from './convention.js';
import { guessPixels } from './guess-pixels.js';
import { layoutOf } from './layout.js';

/** ONNX's own name for the order of colours, in the metadata that it sets apart for images. */
const FORMAT_KEY = 'Image.BitmapPixelFormat';

/**
 * What a model wants of its images: as the options say, else as the file does.
 * @param graph of the file; initializers and first nodes are looked at.
 * @param file for messages.
 * @throws UserError when the model does not take images, or an option does not fit it.
 */
export function conventionOf(
  graph: Graph,
  metadata: Readonly<Record<string, string>>,
  options: PixelOptions,
  file: string,
): PixelConvention {
  const { layout, imageShape } = layoutOf(graph, options, file);
  const [channels] = imageShape;
  const channelOrder = options.channel_order ?? (/^bgr/i.test(metadata[FORMAT_KEY] ?? '') ? 'bgr' : 'rgb');
  if (channelOrder === 'bgr' && channels !== 3) {
    throw new UserError(
      `${file}: takes images of ${channels} channel${channels === 1 ? '' : 's'}, which have no order of colours; leave out bgr`,
    );
  }
  const { scale, mean, std } = options;
  const perChannel = (name: string, values: readonly number[] | undefined, fallback: number): number[] => {
    if (values !== undefined && values.length !== 1 && values.length !== channels) {
      const fitting = channels === 1 ? 'one' : `one, or one for each of the ${channels} channels`;
      throw new UserError(`option ${name} has ${values.length} numbers, but ${file} takes images of ${channels} channels; give ${fitting}`);
    }
    return Array.from({ length: channels }, (_, i) => values?.[values.length === 1 ? 0 : i] ?? fallback);
  };
  const common = { layout, imageShape, channelOrder } as const;
  if (scale !== undefined || mean !== undefined || std !== undefined) {
    const given = { scale: scale ?? 1, mean: perChannel('mean', mean, 0), std: perChannel('std', std, 1) };
    return { ...common, ...given, basis: 'given', reason: '' };
  }
  const guess = guessPixels(graph, metadata);
  const guessed = { scale: guess.scale, mean: perChannel('mean', [guess.mean], 0), std: perChannel('std', [guess.std], 1) };
  return { ...common, ...guessed, basis: guess.basis, reason: guess.reason };
}
