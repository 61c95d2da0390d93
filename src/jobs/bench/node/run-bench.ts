import { Interrupted } from '../../../core/errors.js';
import type { ProgressEvent } from '../../../core/progress.js';
import type { Cell } from '../cells.js';
import { Ledger, type Tally } from '../ledger.js';
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

/** Milliseconds between two looks at cells that others work on. */
const PATIENCE = 1000;

/**
 * Works on cells until every one is done, has failed, or needs one that has. Others may work on the same store.
 * @throws Interrupted when the signal fires; a later run goes on from there.
 */
export async function runBench(run: BenchRun): Promise<Tally> {
  const { store, jobs, signal, locks } = run;
  const ledger = new Ledger(run.cells);
  const running = new Map<string, Promise<void>>();
  const taken = new Map<string, number>();
  // What goes wrong with the store itself, as a full disk, ends the whole run.
  const giveUp = new AbortController();
  const signals = AbortSignal.any([giveUp.signal, ...(signal ? [signal] : [])]);
  let problem: unknown;

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
        else if (ending !== 'interrupted') {
          ledger.settle(cell, ending);
          run.settled?.(cell, ending);
          reportCells(run, ledger, running.size);
        }
      });
    running.set(cell.name, work);
  };
  const isFree = ({ name }: Cell) => !running.has(name) && performance.now() - (taken.get(name) ?? -PATIENCE) >= PATIENCE;

  for (const cell of run.cells) {
    const outcome = await store.read(cell.name);
    if (outcome) ledger.settle(cell, outcome);
  }
  reportCells(run, ledger, 0);
  while (ledger.open.length > 0 && !signals.aborted) {
    const cell = running.size < jobs ? ledger.ready().find(isFree) : undefined;
    if (cell) begin(cell);
    else if (ledger.open.length > 0) await Promise.race([...running.values(), pause(PATIENCE / 4, signals)]);
  }
  await Promise.all(running.values());
  if (problem !== undefined) throw problem;
  if (signal?.aborted) throw interruptedAfter(ledger);
  return ledger.tally();
}

/** Tells how far a run is. */
export function reportCells({ progress }: Pick<BenchRun, 'progress'>, ledger: Ledger, running: number): void {
  const { failed } = ledger.tally();
  const figures = { running, ...(failed > 0 && { failed }) };
  progress?.({ phase: 'bench', done: ledger.settled, total: ledger.cells.length, unit: 'cell', figures });
}

export function interruptedAfter({ settled, cells }: Ledger): Interrupted {
  return new Interrupted(`interrupted after ${settled} of ${cells.length} cells`);
}

/** Waits, or less long where the signal fires. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
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
