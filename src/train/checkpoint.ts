import { UserError } from '../core/errors.js';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.js';
import type { Tensors } from '../runtime/engine.js';
import type { EpochRecord } from './loop.js';

/** Where a training run keeps its last checkpoint. Saving must replace the old one whole or not at all. */
export interface CheckpointStore {
  /** How a person finds it: a file name. */
  readonly name: string;
  load(): Promise<Uint8Array | undefined>;
  save(bytes: Uint8Array): Promise<void>;
}

/** Everything that training needs to go on as if it had not stopped. */
export interface TrainingState {
  /** Finished epochs. */
  readonly epochs: number;
  /** Finished steps. */
  readonly steps: number;
  readonly history: readonly EpochRecord[];
  /** Parameters, running statistics and the optimiser's state. */
  readonly tensors: Tensors;
}

/**
 * Stores a state as safetensors.
 * @param run what the run was started with (data, options, seed), as one string: only the same run may go on from it.
 */
export function encodeState(state: TrainingState, run: string): Uint8Array {
  const { epochs, steps, history } = state;
  const metadata = { run, progress: JSON.stringify({ epochs, steps, history }) };
  return writeSafetensors({ tensors: new Map(Object.entries(state.tensors)), metadata });
}

/**
 * Reads a state.
 * @throws UserError when the file is damaged or belongs to a run with other data or options.
 */
export function decodeState(bytes: Uint8Array, run: string, file: string): TrainingState {
  const { tensors, metadata } = readSafetensors(bytes, file);
  if (metadata.run !== run) {
    throw new UserError(`${file}: belongs to a run with other data or options; repeat that run, or delete the file to start anew`);
  }
  return { ...readProgress(metadata.progress, file), tensors: Object.fromEntries(tensors) };
}

function readProgress(text: string, file: string): Omit<TrainingState, 'tensors'> {
  try {
    const { epochs, steps, history } = JSON.parse(text) as Omit<TrainingState, 'tensors'>;
    if (Number.isInteger(epochs) && Number.isInteger(steps) && history.length === epochs) return { epochs, steps, history };
  } catch {
    // Whatever is wrong with it, the remedy is the same.
  }
  throw new UserError(`${file}: its progress record is unreadable; delete the file to start anew`);
}
