import { hostname } from 'node:os';
import { z } from 'zod';
import { sha256 } from '../../../../core/hash.js';
import type { Cell } from '../../cells.js';
import { doneSchema, type Failed, failedSchema, type Outcome } from '../../outcome.js';
import { type Upload, uploadSchema } from './cell-files.js';
import { type Connection, SCHEMA } from './connection.js';

/** A cell that this worker was given, and the how-manieth time it was handed out; that tells its worker from earlier ones. */
export interface Job {
  /** Name of the cell. */
  readonly cell: string;
  readonly attempt: number;
}

/** What a cell came to, and its files where it is done. */
export type Settled = { readonly outcome: Outcome; readonly upload?: Upload };

/** So many workers may vanish while at a cell; after one more it counts as failed. */
const RETRIES = 5;
/** Seconds for which a cell that was computed before is not handed out, so that its outcome can be put there. */
const HEAD_START = 60;

const outputSchema = z.object({ outcome: z.union([doneSchema, failedSchema]), upload: uploadSchema.optional() });

/**
 * The cells of a grid as jobs of pg-boss. A job's identifier is made from the cell's name, so that adding a cell twice
 * adds it once. pg-boss hands a job to one worker (`FOR UPDATE SKIP LOCKED`) and, `expire_in` after `started_on`, to the next.
 * It has no heartbeats before version 12, which Node 20 cannot run: here a worker sets `started_on` anew while it lives. It
 * counts how often a job was handed out; statements of a worker name that count, so that one who was given up has no say any more.
 */
export class CellQueue {
  private constructor(
    readonly connection: Connection,
    /** Of the queue. The same for everybody who runs the same cells. */
    readonly name: string,
  ) {}

  static async open(connection: Connection, cells: readonly Cell[]): Promise<CellQueue> {
    const names = cells.map(({ name }) => name).sort();
    const name = `cells-${(await sha256(new TextEncoder().encode(names.join()))).slice(0, 24)}`;
    await connection.patiently(() => connection.boss.createQueue(name));
    return new CellQueue(connection, name);
  }

  /** Adds cells that are not there yet. Those that come first here are handed out first. @param wait seconds until then. */
  async add(cells: readonly Cell[], rank: (cell: Cell) => number, wait = 0): Promise<void> {
    const jobs = cells.map((cell) => ({
      id: idOf(cell.name),
      name: this.name,
      data: { title: cell.title, inputs: cell.inputs },
      priority: -rank(cell),
      retryLimit: RETRIES,
      retryDelay: 0,
      expireInSeconds: this.connection.options.times.lease / 1000,
      startAfter: String(wait),
    }));
    await this.connection.boss.insert(jobs);
  }

  /** Takes up to so many jobs, which nobody else gets while they are kept alive. */
  async take(count: number): Promise<Job[]> {
    const jobs = await this.connection.boss.fetch(this.name, { batchSize: count, includeMetadata: true });
    return jobs.map(({ id, retryCount }) => ({ cell: nameOf(id), attempt: retryCount }));
  }

  /** Gives a sign of life. Returns false where the job is no longer this worker's. */
  async beat(job: Job): Promise<boolean> {
    return this.#change(job, 'started_on = now()');
  }

  /** Hands a job back, which is no failure and does not count as one. */
  async release(job: Job): Promise<boolean> {
    return this.#change(job, `state = 'retry', retry_limit = retry_limit + 1`);
  }

  /** Says what became of a job. Returns false where it is no longer this worker's. */
  async settle(job: Job, settled: Settled): Promise<boolean> {
    return this.#change(job, 'state = $4, output = $5, completed_on = now()', stateOf(settled), this.#output(settled));
  }

  /** Puts the outcome of a cell there that was computed before; returns false where the cell is being computed or is done. */
  async publish(cell: Cell, settled: Settled): Promise<boolean> {
    await this.add([cell], () => 0, HEAD_START);
    const rows = await this.connection.query(
      `UPDATE ${SCHEMA}.job SET state = $3, output = $4, completed_on = now()
       WHERE name = $1 AND id = $2 AND state NOT IN ('active', 'completed') RETURNING id`,
      [this.name, idOf(cell.name), stateOf(settled), this.#output(settled)],
    );
    return rows.length > 0;
  }

  /** Makes jobs free whose workers have given no sign of life, or failed where that happened too often. */
  async expire(): Promise<void> {
    try {
      await this.connection.boss.expire();
    } catch (error) {
      await this.connection.once(() => this.connection.query('ROLLBACK'));
      throw error;
    }
  }

  /** What those of the cells have come to that are settled. Cells that are done in another grid's queue count, too. */
  async outcomes(cells: readonly Cell[]): Promise<Map<string, Settled>> {
    const rows = await this.connection.query<{ id: string; state: string; output: unknown; at: Date }>(
      `SELECT DISTINCT ON (id) id, state, output, completed_on AS at FROM ${SCHEMA}.job
       WHERE id = ANY($2::uuid[]) AND (state = 'completed' OR state = 'failed' AND name = $1) ORDER BY id, state`,
      [this.name, cells.map(({ name }) => idOf(name))],
    );
    const titles = new Map(cells.map(({ name, title }) => [name, title]));
    return new Map(
      rows.map(({ id, output, at }) => {
        const name = nameOf(id);
        const read = outputSchema.safeParse(output);
        // What pg-boss itself writes when it gives a job up.
        return [name, read.success ? read.data : { outcome: vanished(titles.get(name) ?? name, at) }];
      }),
    );
  }

  /** Has cells that failed handed out again. */
  async retry(cells: readonly Cell[]): Promise<void> {
    const ids = cells.map(({ name }) => idOf(name));
    if (ids.length > 0) await this.connection.boss.retry(this.name, ids);
  }

  async #change({ cell, attempt }: Job, assignments: string, ...values: string[]): Promise<boolean> {
    const rows = await this.connection.query(
      `UPDATE ${SCHEMA}.job SET ${assignments} WHERE name = $1 AND id = $2 AND state = 'active' AND retry_count = $3 RETURNING id`,
      [this.name, idOf(cell), attempt, ...values],
    );
    return rows.length > 0;
  }

  /** Who it was is for people who look into the database. */
  #output(settled: Settled): string {
    return JSON.stringify({ ...settled, worker: `${hostname()}:${process.pid}` });
  }
}

function stateOf({ outcome: { status } }: Settled): string {
  return status === 'done' ? 'completed' : 'failed';
}

function vanished(title: string, at: Date): Failed {
  const message = 'one worker after the other vanished while at it; it may be more than their machines have memory for';
  return { status: 'failed', title, reason: 'crash', message, when: at.toISOString() };
}

/** A cell's name, 24 hexadecimal digits, as the UUID that identifies its job. */
function idOf(name: string): string {
  return name.padEnd(32, '0').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function nameOf(id: string): string {
  return id.replaceAll('-', '').slice(0, 24);
}
