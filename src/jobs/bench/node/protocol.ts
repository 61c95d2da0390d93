import type { ProgressEvent } from '../../../core/progress.js';
import type { CellInputs } from '../cells.js';
import type { Done, FailureReason } from '../outcome.js';

/** What a child process is told: one cell. */
export interface CellTask {
  readonly inputs: CellInputs;
  /** Folder for what comes out; may hold the checkpoint of an earlier try. */
  readonly out: string;
  /** Folder of the cell that this one starts from. */
  readonly needs?: string;
  readonly from?: string;
  readonly threads: number;
  /** Whether to leave the repaired model in the folder. */
  readonly keepModels: boolean;
}

/** What the parent tells a child: do this, and, at the next safe point, stop. */
export type ToChild = { readonly do: CellTask } | { readonly stop: true };

/** What a child tells its parent. */
export type FromChild =
  | { readonly progress: ProgressEvent }
  | { readonly note: string }
  | { readonly done: Done }
  | { readonly failed: { readonly reason: FailureReason; readonly message: string } }
  | { readonly interrupted: true };
