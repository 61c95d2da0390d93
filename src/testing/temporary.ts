import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';

/**
 * A place for a test file's own files, removed when its tests are done.
 * @returns a function that writes files, given by their paths, into a new folder and returns that.
 */
export function temporaryFolders(): (files?: Readonly<Record<string, Uint8Array | string>>) => Promise<string> {
  let root: Promise<string> | undefined;
  after(async () => root && rm(await root, { recursive: true }));
  return async (files = {}) => {
    root ??= mkdtemp(join(tmpdir(), 'antidote-test-'));
    const folder = await mkdtemp(join(await root, 'files-'));
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    return folder;
  };
}

/** Gives a test file's tests an empty cache of their own, so that they neither see nor touch the user's. */
export function temporaryHome(place: () => Promise<string>): void {
  const { ANTIDOTE_HOME: home } = process.env;
  before(async () => {
    process.env.ANTIDOTE_HOME = await place();
  });
  after(() => {
    if (home === undefined) delete process.env.ANTIDOTE_HOME;
    else process.env.ANTIDOTE_HOME = home;
  });
}
