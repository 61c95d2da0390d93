import { UserError } from '../../core/errors.js';
import { type Checkpoint, type CheckpointOptions, loadCheckpoint } from '../../formats/checkpoint.js';
import type { HalfType } from '../../formats/half.js';
import { openFileSource } from '../../formats/node/file-source.js';
import { inHalf, writeSafetensors } from '../../formats/safetensors.js';
import { writeTorch } from '../../formats/torch/write.js';
import type { Classifier } from '../../nn/classifier.js';
import { stateDict } from '../../nn/state-dict.js';
import { writeFileAtomic } from '../../runtime/node/files.js';

/** How the numbers of a state dictionary are stored. */
export interface StateOptions {
  /** Stores all float32 numbers in 16 bits, rounded; they stay as they are unless given. */
  readonly half?: HalfType;
}

/**
 * Reads a model's numbers from a file of PyTorch or from safetensors; see {@link loadCheckpoint}.
 * @throws UserError when the file is missing, damaged or holds anything but tensors and plain data.
 */
export function loadCheckpointFile(path: string, options?: CheckpointOptions): Checkpoint {
  const source = openFileSource(path);
  try {
    return loadCheckpoint(source, path, options);
  } finally {
    source.close();
  }
}

/**
 * Writes a classifier's parameters and running statistics under PyTorch's names, whole or not at all: as `torch.save` does
 * for `.pt` and `.pth`, with `torch.load(path, weights_only=True)` to open it, or as `.safetensors`.
 * @throws UserError when the name ends otherwise, or the file cannot be written.
 */
export async function saveState(path: string, model: Classifier, { half }: StateOptions = {}): Promise<void> {
  const tensors = stateDict(model);
  const storedAs = half ? inHalf(tensors, half) : undefined;
  if (/\.pth?$/i.test(path)) return writeFileAtomic(path, writeTorch(tensors, { storedAs }));
  if (/\.safetensors$/i.test(path)) return writeFileAtomic(path, writeSafetensors({ tensors, metadata: { format: 'pt' }, storedAs }));
  throw new UserError(
    `'${path}' should end in .pt, .pth or .safetensors, which says how a state dictionary is written; choose such a name`,
  );
}
