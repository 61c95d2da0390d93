import type { Cell } from '../../cells.js';
import { Ledger, type Tally } from '../../ledger.js';
import type { Outcome } from '../../outcome.js';
import { type BenchRun, interruptedAfter, pause, reportCells } from '../run-bench.js';
import { attempt } from '../worker.js';
import { parseAddress } from './address.js';
import { CellQueue, type Job } from './cell-queue.js';
import { Connection } from './connection.js';
import { Exchange } from './exchange.js';
import { type QueueTimes, queueTimes } from './times.js';

/** A run whose cells are shared with other machines. */
export interface QueueRun extends BenchRun {
  /** Address of a PostgreSQL database, as in `postgres://user@host/database`. */
  readonly queue: string;
  /** Whether to have cells handed out again that failed. */
  readonly retryFailed?: boolean;
  readonly times?: QueueTimes;
}

/**
 * Works on the cells of a grid together with everybody else who runs the same grid with the same queue, until every cell is
 * done, has failed, or needs one that has. In the end the store holds all of them, whoever computed them.
 * @throws UserError when the queue cannot be used; Interrupted when the signal fires. A later run goes on from there.
 */
export async function runQueue(run: QueueRun): Promise<Tally> {
  const connection = await Connection.open({ address: parseAddress(run.queue), times: run.times ?? queueTimes, note: run.note });
  try {
    return await new Worker(run, await CellQueue.open(connection, run.cells)).run();
  } finally {
    await connection.close();
  }
}

/** Takes into the store what is settled in a queue, and computes nothing. @returns how many cells are settled. */
export async function gatherQueue(run: Pick<QueueRun, 'queue' | 'store' | 'cells' | 'note'>): Promise<number> {
  const connection = await Connection.open({ address: parseAddress(run.queue), times: queueTimes, note: run.note });
  try {
    const queue = await CellQueue.open(connection, run.cells);
    return (await new Exchange(run.store, queue).gather(run.cells)).length;
  } finally {
    await connection.close();
  }
}

/** One process at work. */
class Worker {
  readonly #ledger: Ledger;
  readonly #running = new Map<string, Promise<void>>();
  /** When which cells were added; from time to time they are added again, lest somebody removed them. */
  readonly #added = new Map<string, number>();
  readonly #giveUp = new AbortController();
  /** Fires when work is to stop, for whatever reason. */
  readonly #stop: AbortSignal;
  readonly #exchange: Exchange;
  readonly #connection: Connection;
  readonly #times: QueueTimes;
  #problem: unknown;

  constructor(
    readonly options: QueueRun,
    readonly queue: CellQueue,
  ) {
    this.#ledger = new Ledger(options.cells);
    this.#stop = AbortSignal.any([this.#giveUp.signal, ...(options.signal ? [options.signal] : [])]);
    this.#exchange = new Exchange(options.store, queue, this.#stop);
    this.#connection = queue.connection;
    this.#times = queue.connection.options.times;
  }

  async run(): Promise<Tally> {
    const { signal } = this.options;
    try {
      await this.#introduce();
      while (this.#ledger.open.length > 0 && !this.#stop.aborted) await this.#turn();
    } catch (error) {
      this.#fail(error);
    }
    await Promise.all(this.#running.values());
    if (signal?.aborted) throw interruptedAfter(this.#ledger);
    if (this.#problem !== undefined) throw this.#problem;
    return this.#ledger.tally();
  }

  /** Brings store and queue to the same state. */
  async #introduce(): Promise<void> {
    const { cells, store, retryFailed } = this.options;
    if (retryFailed) await this.#patiently(() => this.queue.retry(cells));
    for (const [cell, outcome] of await this.#exchange.gather(cells)) this.#ledger.settle(cell, outcome);
    for (const cell of this.#ledger.open) {
      const outcome = store.isDone(cell.name) ? await this.#exchange.publish(cell) : undefined;
      if (outcome) this.#ledger.settle(cell, outcome);
    }
    this.#report();
  }

  async #turn(): Promise<void> {
    const { queue, options } = this;
    // After an outage every worker first gets the time to give a sign of life, so this is not to wait for the end of one.
    if (this.#connection.hasBeenUp(this.#times.lease)) await this.#connection.once(() => queue.expire());
    for (const [cell, outcome] of await this.#exchange.gather(this.#ledger.open)) this.#settle(cell, outcome);
    const ready = this.#ledger.ready();
    await this.#add(
      ready.filter(({ name }) => performance.now() - (this.#added.get(name) ?? Number.NEGATIVE_INFINITY) > this.#times.lease),
    );
    const free = options.jobs - this.#running.size;
    if (free > 0 && ready.length > this.#running.size && !this.#stop.aborted) for (const job of await queue.take(free)) this.#begin(job);
    if (this.#ledger.open.length > 0) await Promise.race([...this.#running.values(), pause(this.#times.poll, this.#stop)]);
  }

  async #add(cells: readonly Cell[]): Promise<void> {
    if (cells.length === 0) return;
    await this.#patiently(() => this.queue.add(cells, (cell) => this.options.cells.indexOf(cell)));
    for (const { name } of cells) this.#added.set(name, performance.now());
  }

  #begin(job: Job): void {
    const cell = this.options.cells.find(({ name }) => name === job.cell);
    if (!cell) throw new Error(`the queue ${this.queue.name} holds the cell ${job.cell}, which is none of its grid`);
    const work = this.#work(cell, job)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#running.delete(cell.name));
    this.#running.set(cell.name, work);
  }

  async #work(cell: Cell, job: Job): Promise<void> {
    const { store } = this.options;
    const lost = new AbortController();
    const timer = setInterval(async () => {
      if ((await this.#connection.once(() => this.queue.beat(job))) === false) lost.abort();
    }, this.#times.beat);
    const stop = AbortSignal.any([this.#stop, lost.signal]);
    try {
      if (cell.needs) await this.#exchange.gather([cell.needs]);
      // A failure of the past; the queue knows better.
      await store.forget(cell.name);
      let ending = await attempt(store, cell, { ...this.options, progress: undefined, signal: stop });
      // Somebody has the lock of a store that machines share: who was given up by the queue, and will be by the lock.
      while (ending === 'taken' && !stop.aborted) {
        await pause(this.#times.poll, stop);
        ending = await attempt(store, cell, { ...this.options, progress: undefined, signal: stop });
      }
      if (ending === 'taken' || ending === 'interrupted') {
        await this.#connection.once(() => this.queue.release(job));
      } else {
        const outcome = await this.#exchange.settle(cell, job);
        if (outcome) this.#settle(cell, outcome);
      }
    } catch (error) {
      await this.#connection.once(() => this.queue.release(job));
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  #settle(cell: Cell, outcome: Outcome): void {
    if (!this.#ledger.settle(cell, outcome)) return;
    this.options.settled?.(cell, outcome);
    this.#report();
  }

  #fail(error: unknown): void {
    this.#problem ??= error;
    this.#giveUp.abort();
  }

  #report(): void {
    reportCells(this.options, this.#ledger, this.#running.size);
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    return this.#connection.patiently(work, this.#stop);
  }
}
