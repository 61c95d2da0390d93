import { canonicalJson } from '../../canonical.js';
import type { Cell } from '../../cells.js';
import type { Outcome } from '../../outcome.js';
import type { Store } from '../store.js';
import { damaged, discard, discardOthers, download, upload } from './cell-files.js';
import type { CellQueue, Job, Settled } from './cell-queue.js';

/** Carries finished cells between a store and a queue. */
export class Exchange {
  readonly #arriving = new Map<string, Promise<void>>();

  constructor(
    readonly store: Store,
    readonly queue: CellQueue,
    readonly signal?: AbortSignal,
  ) {}

  /**
   * Takes over what is settled in the queue: files and all, as if the cell had been computed here.
   * @returns those of the cells that are settled now, and their outcomes.
   */
  async gather(cells: readonly Cell[]): Promise<[Cell, Outcome][]> {
    const { store, queue } = this;
    if (cells.length === 0) return [];
    const found = await this.#patiently(() => queue.outcomes(cells));
    const out: [Cell, Outcome][] = [];
    for (const cell of cells) {
      const settled = found.get(cell.name);
      if (!settled) continue;
      if (settled.outcome.status === 'done') await this.#arrive(cell, settled);
      else if (store.isDone(cell.name)) await this.publish(cell);
      else await store.fail(cell.name, settled.outcome);
      const outcome = await store.read(cell.name);
      if (outcome) out.push([cell, outcome]);
    }
    return out;
  }

  /** Puts a cell into the queue that is done in the store; returns its outcome where others know it now. */
  async publish(cell: Cell): Promise<Outcome | undefined> {
    return this.#hand(cell, (settled) => this.queue.publish(cell, settled));
  }

  /** Puts the outcome of a job into the queue, from the store; undefined where the job is no longer this worker's. */
  async settle(cell: Cell, job: Job): Promise<Outcome | undefined> {
    return this.#hand(cell, (settled) => this.queue.settle(job, settled));
  }

  async #hand(cell: Cell, put: (settled: Settled) => Promise<boolean>): Promise<Outcome | undefined> {
    const { store, queue } = this;
    const outcome = await store.read(cell.name);
    if (!outcome) return undefined;
    const files =
      outcome.status === 'done' ? await this.#patiently(() => upload(queue.connection, cell.name, store.cell(cell.name))) : undefined;
    const accepted = await this.#patiently(() => put({ outcome, upload: files }));
    if (files) {
      const { connection } = queue;
      await connection.once(() => (accepted ? discardOthers(connection, cell.name, files) : discard(connection, files)));
    }
    return accepted ? outcome : undefined;
  }

  /** Once at a time for each cell, as workers ask for what they need while everything is gathered. */
  async #arrive(cell: Cell, settled: Settled): Promise<void> {
    if (this.store.isDone(cell.name)) return;
    const arriving = this.#arriving.get(cell.name) ?? this.#download(cell, settled).finally(() => this.#arriving.delete(cell.name));
    this.#arriving.set(cell.name, arriving);
    await arriving;
  }

  async #download({ name, inputs }: Cell, { outcome, upload: files }: Settled): Promise<void> {
    const { connection } = this.queue;
    const same = outcome.status === 'done' && canonicalJson(outcome.inputs) === canonicalJson(inputs);
    if (!same || !files?.files.some(({ path }) => path === 'cell.json')) throw damaged(connection, name, 'cell.json');
    await this.#patiently(() => this.store.adopt(name, (folder) => download(connection, name, files, folder)));
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    return this.queue.connection.patiently(work, this.signal);
  }
}
