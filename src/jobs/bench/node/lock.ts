import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Times of a lock, in milliseconds. */
export interface LockTimes {
  /** Between two signs of life. */
  readonly beat: number;
  /** A lock without a sign of life for so long belongs to nobody. */
  readonly stale: number;
}

export const lockTimes: LockTimes = { beat: 5_000, stale: 60_000 };

/** A lock that is held. */
export interface Lock {
  /** Lets go of it. */
  release(): Promise<void>;
}

interface Owner {
  readonly token: string;
  readonly host: string;
  readonly pid: number;
}

/**
 * Locks as files that only one process can make, on a folder that several machines may share. Their owners touch them; one
 * that is not touched for a while, or whose owner on this machine is gone, is taken over. Time is taken from this
 * machine's clock alone, by watching when a file changes, as clocks of machines differ.
 */
export class Locks {
  readonly #times: LockTimes;
  readonly #seen = new Map<string, { readonly mark: string; readonly since: number }>();

  constructor(times: LockTimes = lockTimes) {
    this.#times = times;
  }

  /**
   * Tries to get a lock.
   * @param lost called when another took it over all the same, as after this machine had been asleep.
   * @returns undefined where somebody else has it.
   */
  async tryAcquire(path: string, lost: () => void): Promise<Lock | undefined> {
    const owner: Owner = { token: randomUUID(), host: hostname(), pid: process.pid };
    if (!(await create(path, owner))) {
      if (!(await this.#clearStale(path)) || !(await create(path, owner))) return undefined;
    }
    this.#seen.delete(path);
    const timer = setInterval(() => void beat(path, owner, lost), this.#times.beat);
    return {
      async release() {
        clearInterval(timer);
        if ((await ownerOf(path))?.token === owner.token) await rm(path, { force: true });
      },
    };
  }

  /** Removes a lock that belongs to nobody any more; returns whether there is none now. */
  async #clearStale(path: string): Promise<boolean> {
    const [owner, status] = [await ownerOf(path), await stat(path).catch(() => undefined)];
    if (!status) return true;
    const mark = `${owner?.token} ${status.mtimeMs}`;
    const seen = this.#seen.get(path);
    if (seen?.mark !== mark) this.#seen.set(path, { mark, since: performance.now() });
    const silent = performance.now() - (this.#seen.get(path)?.since ?? 0);
    const gone = owner?.host === hostname() && !isAlive(owner.pid);
    if (!gone && silent < this.#times.stale) return false;
    // By renaming, which only one process can do; what was taken away must be what was looked at.
    const aside = `${path}.${randomUUID()}`;
    try {
      await rename(path, aside);
    } catch {
      return false;
    }
    const same = (await ownerOf(aside))?.token === owner?.token;
    if (!same) await link(aside, path).catch(() => {});
    await rm(aside, { force: true });
    return same;
  }
}

async function create(path: string, owner: Owner): Promise<boolean> {
  // Written aside and linked, so that nobody sees a lock without its owner.
  const draft = `${path}.${owner.token}`;
  try {
    await writeFile(draft, JSON.stringify(owner), { flag: 'wx' });
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function beat(path: string, owner: Owner, lost: () => void): Promise<void> {
  if ((await ownerOf(path))?.token !== owner.token) {
    lost();
    return;
  }
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
