import { UserError } from '../../core/errors.js';
import type { Control } from '../../core/progress.js';
import type { Classifier } from '../../nn/classifier.js';
import type { PixelOptions } from '../../nn/import/convention.js';
import { shapesOnly } from '../../nn/init.js';
import { loadStateDict } from '../../nn/state-dict.js';
import type { BuildOptions } from '../../nn/zoo/architecture.js';
import { buildSizes, findMatch, type Match, renamed } from '../../nn/zoo/match.js';
import { loadCheckpointFile } from './state-files.js';

/** How a state dictionary becomes a network. */
export interface CheckpointModelOptions {
  /** Network that it was saved from, by its name in the zoo; default: the one that its names and shapes fit. */
  readonly arch?: string;
  /** What the network wants of its images; default: pixels in [0, 1]. */
  readonly pixels?: PixelOptions;
}

/** Endings of files that hold a state dictionary; `.pth.tar` is one that PyTorch's examples use for `torch.save`. */
const ENDINGS = /\.(pt|pth|tar|ckpt|safetensors)$/i;

/** Whether a file's name says that it holds a state dictionary, and no graph. */
export function isCheckpointName(path: string): boolean {
  return ENDINGS.test(path);
}

/** A checkpoint's network and how it was found. */
export interface CheckpointModel {
  readonly classifier: Classifier;
  readonly match: Match;
  /** What was taken from where in the file, in one sentence. */
  readonly choice: string;
}

/**
 * Reads a state dictionary of PyTorch, or safetensors, and builds the network of the zoo that it was saved from. Nothing in the file is run.
 * @throws UserError when the file is damaged or no state dictionary, or its network is not in the zoo.
 */
export function loadCheckpointModel(path: string, { arch, pixels = {} }: CheckpointModelOptions = {}): CheckpointModel {
  const { tensors, choice } = loadCheckpointFile(path);
  const match = findMatch(tensors, path, arch);
  const { architecture, sizes } = match;
  const options = { ...buildSizes(architecture, sizes, pixels.image_size ?? pixels.open_size), classes: sizes.classes as number };
  const [channels] = options.imageShape;
  const built = architecture.build({ ...options, ...normalisation(pixels, channels, path), parameters: shapesOnly() });
  const named = new Map([...tensors].map(([name, value]) => [renamed(architecture, name), value]));
  const pixelsGiven = [pixels.scale, pixels.mean, pixels.std].some((value) => value !== undefined);
  return { classifier: { ...loadStateDict(built, named, path), checkpoint: { file: path, pixelsGiven } }, match, choice };
}

/** Says what was found and what was taken for granted. */
export function noteCheckpoint({ classifier, match, choice }: CheckpointModel, { note }: Control): void {
  const { file, pixelsGiven } = classifier.checkpoint as { file: string; pixelsGiven: boolean };
  note?.(`${file}: ${choice}; its names and shapes are those of ${classifier.name} (${match.architecture.title})`);
  if (!pixelsGiven) {
    note?.(
      `${file}: is given pixels in [0, 1], as a state dictionary does not say which it wants; if the model was trained on others, say so with --scale, --mean and --std`,
    );
  }
}

/** (pixel · scale - mean) / std is (pixel - mean/scale) / (std/scale), which is what networks of the zoo do. */
function normalisation(
  { layout, channel_order, scale = 1, mean = [0], std = [1] }: PixelOptions,
  channels: number,
  path: string,
): Pick<BuildOptions, 'mean' | 'std' | 'channelOrder'> {
  if (layout === 'nhwc') throw new UserError(`${path}: is a model of PyTorch, which takes channels first; leave out layout`);
  const each = (name: string, values: readonly number[]) => {
    if (values.length !== 1 && values.length !== channels) {
      throw new UserError(
        `${path}: option ${name} has ${values.length} numbers, but the model takes ${channels} channels; give 1 or ${channels}`,
      );
    }
    return Array.from({ length: channels }, (_, channel) => values[values.length === 1 ? 0 : channel] / scale);
  };
  return { mean: each('mean', mean), std: each('std', std), ...(channel_order !== undefined && { channelOrder: channel_order }) };
}
