import { mkdir } from 'node:fs/promises';
import type { Control } from '../../../core/progress.js';
import type { Cell } from '../cells.js';
import type { Outcome } from '../outcome.js';
import type { Locks } from './lock.js';
import { type SpawnOptions, spawnCell } from './spawn-cell.js';
import type { Store } from './store.js';

export interface WorkOptions extends Pick<SpawnOptions, 'timeout' | 'entry' | 'signal' | 'note'> {
  /** CPU threads of a child. */
  readonly threads: number;
  readonly keepModels: boolean;
  readonly locks: Locks;
  /** Told how far the cell is. */
  readonly progress?: Control['progress'];
}

/** What became of an attempt at a cell: its outcome, or that somebody else has it, or that work was to stop. */
export type Attempt = Outcome | 'taken' | 'interrupted';

/**
 * Does a cell whose needs are done, unless somebody else is at it, and puts what came of it into the store. A cell that is
 * settled already is read from there.
 */
export async function attempt(store: Store, cell: Cell, options: WorkOptions): Promise<Attempt> {
  const settled = await store.read(cell.name);
  if (settled) return settled;
  const aborted = new AbortController();
  let lost = false;
  const stop = () => aborted.abort();
  const lock = await options.locks.tryAcquire(store.lock(cell.name), () => {
    lost = true;
    stop();
  });
  if (!lock) return 'taken';
  options.signal?.addEventListener('abort', stop);
  if (options.signal?.aborted) stop();
  try {
    // Somebody may have finished it between the look and the lock.
    const other = await store.read(cell.name);
    if (other) return other;
    await mkdir(store.work(cell.name), { recursive: true });
    const ending = await spawnCell(
      {
        inputs: cell.inputs,
        out: store.work(cell.name),
        needs: cell.needs && store.cell(cell.needs.name),
        from: cell.from,
        threads: options.threads,
        keepModels: options.keepModels,
      },
      { ...options, signal: aborted.signal },
    );
    if (lost) return 'taken';
    if (ending === 'interrupted') return 'interrupted';
    if ('done' in ending) await store.finish(cell.name, ending.done);
    else await store.fail(cell.name, { status: 'failed', title: cell.title, ...ending.failed, when: new Date().toISOString() });
    return (await store.read(cell.name)) ?? 'taken';
  } finally {
    options.signal?.removeEventListener('abort', stop);
    await lock.release();
  }
}
