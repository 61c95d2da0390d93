import { UserError } from '../../core/errors.js';
import type { Tensor } from '../../core/tensor.js';
import { sizeOf } from '../../core/tensor.js';
import { convLayers } from '../../nn/feature-maps.js';
import type { PixelOptions } from '../../nn/import/convention.js';
import { learnedParameters } from '../../nn/parameters.js';
import { loadCheckpointModel } from './load-checkpoint.js';
import { loadCheckpointFile } from './state-files.js';

/** What a file with a state dictionary holds, and which network it is of. */
export interface CheckpointInspection {
  readonly file: string;
  /** `torch-zip`, `torch-legacy` or `safetensors`. */
  readonly format: string;
  /** What was taken from where in the file, in one sentence. */
  readonly choice: string;
  readonly tensors: number;
  /** Numbers that training changes; all floating-point numbers where the network is not known. */
  readonly parameters: number;
  /** Name and title of the network; undefined where none fits. */
  readonly network?: string;
  /** Channels, height and width of its images, as far as the shapes tell. */
  readonly imageShape?: readonly number[];
  readonly classes?: number;
  /** Convolutions and their feature maps. */
  readonly layers: readonly { readonly name: string; readonly maps: number }[];
  /** What stands in the way of using it, one line each. */
  readonly problems: readonly string[];
}

/**
 * Looks at a state dictionary; nothing in it is run.
 * @throws UserError when the file is missing, damaged or holds anything but tensors and plain data.
 */
export function inspectCheckpoint(path: string, pixels: PixelOptions = {}, arch?: string): CheckpointInspection {
  const { format, choice, tensors } = loadCheckpointFile(path);
  const stated = { file: path, format, choice, tensors: tensors.size };
  try {
    const { classifier, match } = loadCheckpointModel(path, { arch, pixels });
    const { graph, imageShape, classes } = classifier;
    return {
      ...stated,
      parameters: learnedParameters(graph).reduce((sum, name) => sum + sizeOf((graph.initializers.get(name) as Tensor).dims), 0),
      network: `${classifier.name} (${match.architecture.title})`,
      imageShape,
      classes,
      layers: convLayers(graph).map(({ name, channels }) => ({ name, maps: channels })),
      problems: [],
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const floating = [...tensors.values()].filter(({ type }) => type === 'float32');
    return { ...stated, parameters: floating.reduce((sum, { dims }) => sum + sizeOf(dims), 0), layers: [], problems: [error.message] };
  }
}
