import { Interrupted } from '../../../core/errors.js';
import type { ProgressEvent } from '../../../core/progress.js';
import type { Cell } from '../cells.js';
import type { Outcome } from '../outcome.js';
import type { Store } from './store.js';
import { type Attempt, attempt, type WorkOptions } from './worker.js';

export interface BenchRun extends Omit<WorkOptions, 'progress'> {
  readonly store: Store;
  /** Each behind those that it needs. */
  readonly cells: readonly Cell[];
  /** Processes at a time, from 1. */
  readonly jobs: number;
  /** Called with cells finished so far, all cells, and what is under way. */
  readonly progress?: (event: ProgressEvent) => void;
  /** Called with each cell that is settled now and was not before. */
  readonly settled?: (cell: Cell, outcome: Outcome) => void;
}

/** How many cells are in which state. */
export interface Tally {
  readonly done: number;
  readonly failed: number;
  /** Cells that need one that failed. */
  readonly blocked: number;
}

/** Milliseconds between two looks at cells that others work on. */
const PATIENCE = 1000;

/**
 * Works on cells until every one is done, has failed, or needs one that has. Others may work on the same store.
 * @throws Interrupted when the signal fires; a later run goes on from there.
 */
export async function runBench(run: BenchRun): Promise<Tally> {
  const { store, cells, jobs, signal, settled, locks } = run;
  const open = new Map(cells.map((cell) => [cell.name, cell]));
  const failed = new Set<string>();
  const blocked = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const taken = new Map<string, number>();
  let started = false;
  // What goes wrong with the store itself, as a full disk, ends the whole run.
  const giveUp = new AbortController();
  const signals = AbortSignal.any([giveUp.signal, ...(signal ? [signal] : [])]);
  let problem: unknown;

  const settle = (cell: Cell, outcome: Outcome) => {
    open.delete(cell.name);
    if (outcome.status === 'failed') failed.add(cell.name);
    if (started) settled?.(cell, outcome);
    report();
  };
  const report = () =>
    run.progress?.({
      phase: 'bench',
      done: cells.length - open.size,
      total: cells.length,
      unit: 'cell',
      figures: { running: running.size, ...(failed.size > 0 && { failed: failed.size }) },
    });
  const begin = (cell: Cell) => {
    const work = attempt(store, cell, { ...run, locks, signal: signals, progress: undefined })
      .catch((error: unknown) => {
        problem ??= error;
        giveUp.abort();
        return 'interrupted' as const;
      })
      .then((ending: Attempt) => {
        running.delete(cell.name);
        if (ending === 'taken') taken.set(cell.name, performance.now());
        else if (ending !== 'interrupted') settle(cell, ending);
      });
    running.set(cell.name, work);
  };
  /** A cell that can be worked on now; blocked ones are put away on the way. */
  const next = (): Cell | undefined => {
    for (const cell of open.values()) {
      const { needs } = cell;
      if (needs && (failed.has(needs.name) || blocked.has(needs.name))) {
        open.delete(cell.name);
        blocked.add(cell.name);
      } else if (
        !running.has(cell.name) &&
        !(needs && open.has(needs.name)) &&
        performance.now() - (taken.get(cell.name) ?? -PATIENCE) >= PATIENCE
      ) {
        return cell;
      }
    }
    return undefined;
  };

  for (const cell of cells) {
    const outcome = await store.read(cell.name);
    if (outcome) settle(cell, outcome);
  }
  started = true;
  report();
  while (open.size > 0 && !signals.aborted) {
    const cell = running.size < jobs ? next() : undefined;
    if (cell) begin(cell);
    else if (open.size > 0) await Promise.race([...running.values(), pause(PATIENCE / 4, signals)]);
  }
  await Promise.all(running.values());
  if (problem !== undefined) throw problem;
  if (signal?.aborted) throw new Interrupted(`interrupted after ${cells.length - open.size} of ${cells.length} cells`);
  return { done: cells.length - failed.size - blocked.size, failed: failed.size, blocked: blocked.size };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
