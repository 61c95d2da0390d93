import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { openOutputFolder, readFileBounded, writeFileAtomic } from './files.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-files-'));
});
after(() => rm(folder, { recursive: true }));

test('a written file replaces the old one and leaves nothing beside it', async () => {
  const own = await mkdtemp(join(folder, 'own-'));
  const path = join(own, 'a.bin');
  await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
  await writeFileAtomic(path, 'text');
  assert.equal(await readFile(path, 'utf8'), 'text');
  assert.deepEqual(await readdir(own), ['a.bin']);
});

test('a file that cannot be written is a user error with a remedy, and leaves nothing behind', async () => {
  const missing = join(folder, 'missing', 'a.bin');
  await assert.rejects(
    writeFileAtomic(missing, 'x'),
    new UserError(`cannot write '${missing}': its folder does not exist; create it, or choose another path`),
  );
  const taken = join(folder, 'taken');
  await mkdir(join(taken, 'inside'), { recursive: true });
  await assert.rejects(writeFileAtomic(taken, 'x'), UserError);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('an output folder is made and left empty; what cannot be one is a user error', async () => {
  const deep = join(folder, 'a', 'b');
  await openOutputFolder(deep);
  await openOutputFolder(deep);
  assert.deepEqual(await readdir(deep), []);
  const file = join(folder, 'file');
  await writeFile(file, 'x');
  await assert.rejects(openOutputFolder(file), new UserError(`cannot write to '${file}': it is a file; choose another folder`));
  await assert.rejects(openOutputFolder(join(file, 'below')), /a part of its path is a file; choose another path/);
  // The system says that what is below does not exist, although its parent does.
  if (process.platform === 'linux') await assert.rejects(openOutputFolder('/proc/antidote/demo'), UserError);
});

test('reading is bounded and refuses what is not a file', async () => {
  const path = join(folder, 'ten');
  await writeFile(path, new Uint8Array(10));
  assert.deepEqual(await readFileBounded(path, 10), new Uint8Array(10));
  await assert.rejects(
    readFileBounded(path, 9),
    new UserError(`'${path}' has more than the 9 bytes that it should have; get the right file`),
  );
  await assert.rejects(readFileBounded(join(path, 'below'), 9), /does not exist; check the path/);
  await assert.rejects(readFileBounded(folder, 9), /is not a file; give the name of a file/);
});
