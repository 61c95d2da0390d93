import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../core/errors.js';
import { explainWrite, openOutputFolder, readFileBounded, writeFileAtomic } from '../../../runtime/node/files.js';
import { type Done, doneSchema, type Failed, failedSchema, type Outcome } from '../outcome.js';

const CELL = 'cell.json';
/** More than the longest error message or list of checksums takes. */
const LIMIT = 2 ** 20;

/**
 * A folder of results: `cells/NAME` for what is done, `failed/NAME.json` for what failed, `work/NAME` for what is under way,
 * `locks/NAME.lock` for who works on it. A cell appears under `cells` whole or not at all, by one rename, and is never
 * changed, so that stores can be merged by copying.
 */
export class Store {
  constructor(readonly folder: string) {}

  /** Makes the folders. @throws UserError when nothing can be written there. */
  async open(): Promise<void> {
    await openOutputFolder(this.folder);
    for (const part of ['cells', 'failed', 'work', 'locks']) await mkdir(join(this.folder, part), { recursive: true });
  }

  cell(name: string): string {
    return join(this.folder, 'cells', name);
  }

  work(name: string): string {
    return join(this.folder, 'work', name);
  }

  lock(name: string): string {
    return join(this.folder, 'locks', `${name}.lock`);
  }

  isDone(name: string): boolean {
    return existsSync(join(this.cell(name), CELL));
  }

  isSettled(name: string): boolean {
    return this.isDone(name) || existsSync(this.#failed(name));
  }

  /** What a cell came to; undefined where it is not finished. @throws UserError for a file that is none of a cell. */
  async read(name: string): Promise<Outcome | undefined> {
    if (this.isDone(name)) return readJson(join(this.cell(name), CELL), doneSchema);
    if (existsSync(this.#failed(name))) return readJson(this.#failed(name), failedSchema);
    return undefined;
  }

  /** Moves the files in the cell's `work` folder to their place. Where another worker was first, its files stay. */
  async finish(name: string, done: Done): Promise<void> {
    await writeFileAtomic(join(this.work(name), CELL), `${JSON.stringify(done, undefined, 2)}\n`);
    try {
      await rename(this.work(name), this.cell(name));
    } catch (error) {
      if (!this.isDone(name)) throw explainWrite(error, this.cell(name));
      await rm(this.work(name), { recursive: true, force: true });
    }
    await this.forget(name);
  }

  /** Records that a cell failed. */
  async fail(name: string, failed: Failed): Promise<void> {
    await writeFileAtomic(this.#failed(name), `${JSON.stringify(failed, undefined, 2)}\n`);
    await rm(this.work(name), { recursive: true, force: true });
  }

  /** Removes the record of a failure, so that the cell is tried again. */
  async forget(name: string): Promise<void> {
    await rm(this.#failed(name), { force: true });
  }

  /**
   * Takes over a finished cell from elsewhere. Where another was first, its files stay.
   * @param fill puts the files into an empty folder.
   */
  async adopt(name: string, fill: (folder: string) => Promise<void>): Promise<void> {
    const draft = this.work(`${name}.${hostname()}.${process.pid}`);
    await rm(draft, { recursive: true, force: true });
    try {
      await mkdir(draft);
      await fill(draft);
      await rename(draft, this.cell(name)).catch((error: unknown) => {
        if (!this.isDone(name)) throw explainWrite(error, this.cell(name));
      });
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    await this.forget(name);
  }

  /**
   * Takes over the finished cells of another store that are missing here.
   * @returns how many.
   * @throws UserError when there is no store at that path.
   */
  async merge(other: string): Promise<number> {
    const source = new Store(other);
    const names = await readdir(join(other, 'cells')).catch(() => {
      throw new UserError(`'${other}' is no store of results: it has no folder cells; give the folder that a bench wrote`);
    });
    let count = 0;
    for (const name of names.sort()) {
      if (!/^[0-9a-f]{24}$/.test(name) || !source.isDone(name) || this.isDone(name)) continue;
      if (!(await stat(source.cell(name))).isDirectory()) continue;
      await this.adopt(name, (folder) => cp(source.cell(name), folder, { recursive: true }));
      count++;
    }
    return count;
  }

  #failed(name: string): string {
    return join(this.folder, 'failed', `${name}.json`);
  }
}

async function readJson<T>(path: string, schema: { parse(value: unknown): T }): Promise<T> {
  const text = new TextDecoder().decode(await readFileBounded(path, LIMIT));
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new UserError(`${path} is damaged; remove it, and run the same command again`);
  }
}
