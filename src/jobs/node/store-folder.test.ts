import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { storeFolder } from './store-folder.js';

const folder = mkdtempSync(join(tmpdir(), 'antidote store '));
after(() => rmSync(folder, { recursive: true, force: true }));

test('keeps bytes from run to run, and clears away its own files alone', async () => {
  writeFileSync(join(folder, 'fmp-notes.txt'), 'mine');
  const store = storeFolder(folder, 'fmp');
  assert.equal(await store.load('scan'), undefined);
  await store.save('scan', Uint8Array.of(1, 2));
  await store.save('scan', Uint8Array.of(3));
  const again = storeFolder(folder, 'fmp');
  assert.deepEqual(await again.load('scan'), Uint8Array.of(3));
  await again.remove();
  assert.deepEqual(readdirSync(folder), ['fmp-notes.txt']);
});

test('takes no names that could be paths', async () => {
  const store = storeFolder(folder, 'fmp');
  for (const name of ['../scan', 'a/b', '']) assert.throws(() => store.load(name), /no name/);
});
