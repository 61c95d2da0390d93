import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { sha256 } from '../../core/hash.js';
import { readPlainOrGzip, sha256OfFile, unpacked } from './read.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-files-'));
});
after(() => rm(folder, { recursive: true }));

test('plain and packed files read the same', async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
  for (const content of [bytes, gzipSync(bytes)]) {
    const path = join(folder, 'read');
    await writeFile(path, content);
    const read = await readPlainOrGzip(path, 1000);
    assert.deepEqual(read, bytes);
    assert.notEqual(read.slice(0, 1).buffer, read.buffer);
  }
});

test('reading is bounded, packed or not, and damage is a user error', async () => {
  const path = join(folder, 'bounded');
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(1001), /has more than the 1000 bytes/],
    [gzipSync(new Uint8Array(100_000)), /unpacks to more than the 1000 bytes/],
    [gzipSync(new Uint8Array(500)).subarray(0, 15), /starts as gzip but does not unpack/],
  ];
  for (const [content, problem] of cases) {
    await writeFile(path, content);
    await assert.rejects(readPlainOrGzip(path, 1000), (error) => error instanceof UserError && problem.test(error.message));
  }
  await assert.rejects(readPlainOrGzip(join(folder, 'nothing'), 10), /does not exist; check the path/);
  await assert.rejects(readPlainOrGzip(folder, 10), /is not a file/);
});

test('a file in pieces is unpacked by its name, and says where it is damaged', async () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i + 1, Math.imul(i + 7, 2654435761)) >>> 24);
  const collect = async (path: string) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of unpacked(path)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  const path = join(folder, 'pieces');
  await writeFile(path, bytes);
  assert.ok((await collect(path)).equals(bytes));
  assert.equal(await sha256OfFile(path), await sha256(bytes));
  await writeFile(`${path}.gz`, gzipSync(bytes));
  assert.ok((await collect(`${path}.gz`)).equals(bytes));
  await writeFile(`${path}.gz`, gzipSync(bytes).subarray(0, 5000));
  await assert.rejects(collect(`${path}.gz`), /does not unpack after byte 5000: unexpected end of file; get it again/);
  for (const missing of ['nothing', 'nothing.gz']) await assert.rejects(collect(join(folder, missing)), /cannot be read \(ENOENT\)/);
});
