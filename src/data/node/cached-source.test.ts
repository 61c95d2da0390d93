import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { madeUpDataset } from '../../testing/dataset.js';
import type { DatasetParts } from '../source.js';
import { cacheFolder } from './cache-folder.js';
import { cachedSource } from './cached-source.js';

let folder: string;
let file: string;
let decoded: number;
const notes: string[] = [];
const control = { note: (line: string) => notes.push(line) };
const home = process.env.ANTIDOTE_HOME;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-cache-'));
});
beforeEach(async () => {
  process.env.ANTIDOTE_HOME = await mkdtemp(join(folder, 'home-'));
  file = join(process.env.ANTIDOTE_HOME, 'archive');
  await writeFile(file, 'content');
  decoded = 0;
  notes.length = 0;
});
after(async () => {
  if (home === undefined) delete process.env.ANTIDOTE_HOME;
  else process.env.ANTIDOTE_HOME = home;
  await rm(folder, { recursive: true });
});

const parts: DatasetParts = {
  train: { ...madeUpDataset(3, 300, [3, 2, 2]), name: 'slow', checksums: { archive: 'ab' }, origin: 'a copy' },
  test: { ...madeUpDataset(2, 300, [3, 2, 2]), name: 'slow', split: 'test', checksums: { archive: 'ab' }, origin: 'a copy' },
};

const source = cachedSource({
  name: 'slow',
  title: 'SLOW',
  paper: { title: 'On waiting', authors: 'Nobody', venue: 'Nowhere', year: 2000 },
  classes: 300,
  imageShape: [3, 2, 2],
  images: { train: 900, test: 600 },
  origin: 'an archive',
  published: [],
  find: async (from) => ({
    paths: [from],
    read: async () => {
      decoded++;
      return parts;
    },
  }),
});

const cacheFile = async () => join(cacheFolder(), (await readdir(cacheFolder())).find((name) => name.endsWith('.cache')) as string);

test('a data set is decoded once and then loads the same, bit for bit', async () => {
  assert.deepEqual(await source.load({ from: file }), parts);
  assert.deepEqual(await source.load({ from: file, ...control }), parts);
  assert.deepEqual([decoded, notes], [1, []]);
});

test('what was obtained once loads by its name alone, even when its files are gone', async () => {
  await assert.rejects(source.load(), /SLOW is not on this machine yet; run 'antidote data get slow/);
  await source.load({ from: file });
  await assert.rejects(source.load(), UserError, 'loading from somewhere does not change what the name means');
  assert.deepEqual(await source.get({ from: file }), parts);
  await rm(file);
  assert.deepEqual(await source.load(), parts);
  assert.equal(decoded, 1);
});

test('a changed file is decoded anew', async () => {
  await source.load({ from: file });
  await utimes(file, 1, 1);
  await source.load({ from: file });
  await writeFile(file, 'other content');
  await source.load({ from: file });
  assert.equal(decoded, 3);
});

test('a damaged, truncated, old or foreign cache is decoded anew, with a remark, and is whole again', async () => {
  await source.get({ from: file });
  const path = await cacheFile();
  const good = await readFile(path);
  const changedAt = (position: number) => {
    const bytes = Buffer.from(good);
    bytes[position] ^= 1;
    return bytes;
  };
  const cases: [Uint8Array, RegExp][] = [
    [changedAt(good.length - 1), /its checksum is wrong: it is damaged or truncated/],
    [changedAt(10), /its checksum is wrong/],
    [changedAt(60), /its checksum is wrong/],
    [changedAt(0), /is of another version or is no cache/],
    [good.subarray(0, good.length - 100), /its checksum is wrong/],
    [good.subarray(0, 20), /its checksum is wrong/],
    [new Uint8Array(0), /is of another version or is no cache/],
  ];
  for (const [bytes, problem] of cases) {
    for (const from of [file, undefined]) {
      await writeFile(path, bytes);
      notes.length = 0;
      decoded = 0;
      assert.deepEqual(await source.load({ from, ...control }), parts);
      assert.equal(decoded, 1);
      assert.match(notes.join('\n'), problem);
      assert.deepEqual(await readFile(path), good);
    }
  }
  await rm(path);
  assert.deepEqual(await source.load(control), parts);
  assert.deepEqual(await readFile(path), good);
});

test('a damaged cache whose files are gone is a user error that says what to do', async () => {
  await source.get({ from: file });
  await truncate(await cacheFile(), 100);
  await rm(file);
  await assert.rejects(
    source.load(),
    /the cache of SLOW cannot be used \(.*\) and '.*archive', which it was made of, is gone; run 'antidote data get slow' again/,
  );
});

test('where nothing can be kept, the data set still loads, with a remark', async () => {
  process.env.ANTIDOTE_HOME = join(file, 'below a file');
  assert.deepEqual(await source.load({ from: file, ...control }), parts);
  assert.match(notes.join('\n'), /could not be kept: /);
});
