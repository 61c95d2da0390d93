import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkpointFile } from './checkpoint-file.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-checkpoint-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('a checkpoint is replaced whole, and taken away with all that a killed process left of it', async () => {
  const store = checkpointFile(join(folder, 'training.checkpoint'));
  assert.equal(await store.load(), undefined);
  await store.save(Uint8Array.of(1));
  await store.save(Uint8Array.of(2, 3));
  await writeFile(join(folder, 'training.checkpoint.0d6f.tmp'), 'half');
  await writeFile(join(folder, 'other.tmp'), 'not ours');
  assert.deepEqual([...((await store.load()) ?? [])], [2, 3]);
  assert.deepEqual((await readdir(folder)).toSorted(), ['other.tmp', 'training.checkpoint']);
  await store.remove();
  assert.deepEqual(await readdir(folder), ['other.tmp']);
});

test('a folder that is not there holds no checkpoint', async () => {
  assert.equal(await checkpointFile(join(folder, 'missing', 'training.checkpoint')).load(), undefined);
});
