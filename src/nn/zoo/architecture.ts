import { UserError } from '../../core/errors.js';
import type { Paper } from '../../core/method.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Classifier } from '../classifier.js';
import { drawnFrom, type Initialisation, type ParameterSource } from '../init.js';
import { type Features, Layers, type Maps } from '../layers.js';

/** What a network is built for, and how large. */
export interface BuildOptions {
  /** Channels, height, width of an image. */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
  /** Mean of each channel's pixels in [0, 1], subtracted inside the graph. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel's pixels, divided by inside the graph. */
  readonly std: readonly number[];
  /** Order in which the network takes the colours; images are always red first. Default `rgb`. */
  readonly channelOrder?: 'rgb' | 'bgr';
  /** Channels of the first stage, from which all others follow. Default: the architecture's. */
  readonly width?: number;
  /** Blocks in each stage. Default: the architecture's. */
  readonly depths?: readonly number[];
  /** Seed of the initial weights. Default 0. */
  readonly seed?: number;
  /** Where the parameters come from; default: they are drawn. */
  readonly parameters?: ParameterSource;
  /** Further settings that {@link Architecture.read} found; only the architecture that found them knows them. */
  readonly details?: Readonly<Record<string, number | string>>;
}

/** Shapes of a state dictionary's tensors, by PyTorch's names. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** What the shapes of a state dictionary tell of the network that it was saved from; the rest is left out. */
export interface Sizes {
  /** Channels of an image. */
  readonly channels?: number;
  readonly classes?: number;
  readonly width?: number;
  readonly depths?: readonly number[];
  /** Height and width of an image, where the network takes one size only. */
  readonly imageSize?: number;
  readonly details?: BuildOptions['details'];
}

/** A network of the zoo. */
export interface Architecture {
  /** As typed on the command line: `resnet18`. */
  readonly name: string;
  /** As written in the literature: `ResNet-18`. */
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** Undefined for networks of which none is known. */
  readonly paper?: Paper;
  /** Whose definition it follows, and so whose state dictionaries fit. */
  readonly source: string;
  /** Default of {@link BuildOptions.width}. */
  readonly width: number;
  /** Default of {@link BuildOptions.depths}; undefined where the depth cannot be chosen. */
  readonly depths?: readonly number[];
  /** Channels, height and width of the images for which it is usually built. */
  readonly imageShape: readonly [number, number, number];
  /**
   * The network with parameters of PyTorch's names: pixels in [0, 1] in, logits out. Dropout and stochastic depth are left out.
   * Same options, same bytes.
   * @throws UserError when the images are too small, or a size cannot be chosen so.
   */
  build(options: BuildOptions): Classifier;
  /** What a state dictionary's shapes tell, on the assumption that it is of this kind. */
  read(shapes: Shapes): Sizes;
  /** Today's name for one that was used by an earlier version of the source. */
  rename?(name: string): string;
}

/** The parts that every network of the zoo shares: input, normalisation and output around what `body` adds. */
export function assembleNetwork(
  name: string,
  options: BuildOptions,
  initialisation: Initialisation,
  body: (layers: Layers, image: Maps) => Features,
): Classifier {
  const { imageShape, classes, mean, std, channelOrder, seed = 0, parameters = drawnFrom(seed) } = options;
  const builder = new GraphBuilder(name);
  const layers = new Layers(builder, name, parameters, initialisation);
  const input = builder.input('pixels', 'float32', ['N', ...imageShape]);
  // From the last channel down to the first; the far end must lie below any index.
  const pixels = channelOrder === 'bgr' ? builder.slice(input, [-1], [-(2 ** 31)], [1], [-1]) : input;
  const { value } = body(layers, layers.normalize({ value: pixels, shape: imageShape }, mean, std));
  builder.output(value, 'logits', 'float32', ['N', classes]);
  return { name, graph: builder.build(), imageShape, classes };
}

/**
 * Width and depths of a network, and its name: `resnet18`, `resnet18-w16-d1.1.1.1`.
 * @param stages the least and the most it may have; default: any number.
 * @throws UserError when depths are given to a network that has but its own, or to more or fewer stages than it may have.
 */
export function sized(
  { name, width, depths }: Pick<Architecture, 'name' | 'width' | 'depths'>,
  options: Pick<BuildOptions, 'width' | 'depths'>,
  { least, most } = { least: 1, most: Number.POSITIVE_INFINITY },
): { name: string; width: number; depths: readonly number[] } {
  if (depths === undefined && options.depths !== undefined) {
    throw new UserError(`'${name}' has no depths to choose; leave out depths, or choose another network`);
  }
  const count = options.depths?.length;
  if (count !== undefined && (count < least || count > most)) {
    const range = least === most ? `${most}` : Number.isFinite(most) ? `${least} to ${most}` : `at least ${least}`;
    throw new UserError(`'${name}' has ${range} stages, not ${count}; give one of depths for each`);
  }
  const chosen = { width: options.width ?? width, depths: options.depths ?? depths ?? [] };
  const suffixes = [
    chosen.width === width ? '' : `-w${chosen.width}`,
    chosen.depths.join() === (depths ?? []).join() ? '' : `-d${chosen.depths.join('.')}`,
  ];
  return { name: name + suffixes.join(''), ...chosen };
}

/** The nearest multiple of 8 to a number of channels, from 8 on and never less than 90 % of it, as mobile networks round. */
export function roundChannels(channels: number): number {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
