import { setTimeout as pause } from 'node:timers/promises';
import type PgBoss from 'pg-boss';
import { UserError } from '../../../../core/errors.js';
import type { QueueAddress } from './address.js';
import { explainQuery, isOutage } from './query-errors.js';
import type { QueueTimes } from './times.js';

/** Schema of pg-boss's tables and of the files of cells; no other program's. */
export const SCHEMA = 'antidote_bench';

/** Milliseconds that connecting and a single statement may take. */
const CONNECT = 10_000;
const STATEMENT = 120_000;
/** Any number; those who make tables take turns by it. */
const TURN = 0x0a97d07e;

const tables = `
  BEGIN;
  SELECT pg_advisory_xact_lock(${TURN});
  CREATE TABLE IF NOT EXISTS ${SCHEMA}.part (
    upload uuid NOT NULL,
    cell text NOT NULL,
    path text NOT NULL,
    number int NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (upload, path, number)
  );
  CREATE INDEX IF NOT EXISTS part_cell ON ${SCHEMA}.part (cell);
  COMMIT`;

/** What {@link Connection} needs to be told. */
export interface ConnectionOptions {
  readonly address: QueueAddress;
  readonly times: QueueTimes;
  readonly note?: (text: string) => void;
}

/** pg-boss on a PostgreSQL server, with patience for a server that is away for a while. */
export class Connection {
  #lastOutage = Number.NEGATIVE_INFINITY;

  private constructor(
    readonly boss: PgBoss,
    readonly options: ConnectionOptions,
  ) {}

  /** @throws UserError when pg-boss is missing, or when the server cannot be reached or used. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { address } = options;
    const Boss = await load();
    // One connection, as a statement that fails within a transaction must be followed by its ROLLBACK. No
    // supervision: it would move finished jobs to an archive, where their names no longer keep others from being added.
    const settings = { max: 1, keepAlive: true, connectionTimeoutMillis: CONNECT, query_timeout: STATEMENT };
    const boss = new Boss({ ...settings, connectionString: address.url, schema: SCHEMA, supervise: false, schedule: false });
    // Of a connection that broke while nothing was asked; the next statement opens another.
    boss.on('error', () => {});
    const connection = new Connection(boss, options);
    try {
      await boss.start();
      // Where another process made the tables at the same moment, pg-boss leaves its own transaction open.
      await connection.query('ROLLBACK');
      await connection.query(tables);
    } catch (error) {
      await connection.close();
      throw explainQuery(error, address);
    }
    return connection;
  }

  /** Whether the server has answered throughout the last so many milliseconds. */
  hasBeenUp(milliseconds: number): boolean {
    return performance.now() - this.#lastOutage > milliseconds;
  }

  /** Runs one statement. */
  async query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    // pg-boss returns nothing where it has been closed.
    return ((await this.boss.getDb().executeSql(text, values as unknown[])) ?? { rows: [] }).rows as Row[];
  }

  /**
   * Does something that may be done twice, again and again while the server is away.
   * @param signal once it fires, a single try remains.
   * @throws UserError when the server has been away for too long, or refuses.
   */
  async patiently<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { address, times, note } = this.options;
    const began = performance.now();
    for (let told = false; ; told = true) {
      try {
        return await work();
      } catch (error) {
        if (!isOutage(error)) throw explainQuery(error, address);
        this.#lastOutage = performance.now();
        if (signal?.aborted || performance.now() - began > times.patience) throw explainQuery(error, address);
        if (!told) note?.(`the queue at ${address.shown} does not answer; waiting for it`);
        await pause(2 * times.poll, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** Does something that need not succeed; returns undefined where it did not. */
  async once<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch {
      this.#lastOutage = performance.now();
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.boss.stop({ graceful: false }).catch(() => {});
    // Where it had not started altogether, stopping leaves the connection open.
    const db = this.boss.getDb() as { readonly opened?: boolean; close?(): Promise<void> };
    if (db.opened) await db.close?.().catch(() => {});
  }
}

async function load(): Promise<typeof PgBoss> {
  try {
    return (await import('pg-boss')).default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UserError("option queue needs the package pg-boss, which is not installed; run 'npm install pg-boss@10'");
  }
}
