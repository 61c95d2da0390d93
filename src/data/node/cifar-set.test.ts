import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { cifarBinary, cifarPickle, cifarPixels } from '../../testing/cifar-files.js';
import { makeTar } from '../../testing/make-tar.js';
import { temporaryFolders } from '../../testing/temporary.js';
import type { CifarSet } from './cifar-parts.js';
import { findCifar } from './cifar-set.js';

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A set of four training images in two files and two test images, in both forms. */
const binary = { 'one.bin': cifarBinary([1, 0], 0), 'two.bin': cifarBinary([0, 1], 2), 'test.bin': cifarBinary([1, 0], 4) };
const python = { one: cifarPickle([1, 0], 0), two: cifarPickle([0, 1], 2), test: cifarPickle([1, 0], 4) };
const inFolder = (folder: string, files: Record<string, Uint8Array>) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));
const archives = {
  binary: gzipSync(makeTar(inFolder('batches-bin', { ...binary, 'readme.html': Buffer.from('hello') }))),
  python: gzipSync(makeTar(inFolder('batches-py', python))),
};

const set: CifarSet = {
  name: 'cifar-small',
  title: 'CIFAR-SMALL',
  classes: ['cat', 'dog'],
  images: { train: 4, test: 2 },
  labels: { bytes: 1, key: 'labels' },
  forms: [
    {
      kind: 'binary',
      archive: { file: 'small-binary.tar.gz', url: '', md5: md5(archives.binary) },
      folder: 'batches-bin',
      train: { 'one.bin': undefined, 'two.bin': undefined },
      test: { 'test.bin': undefined },
    },
    {
      kind: 'python',
      archive: { file: 'small-python.tar.gz', url: '', md5: md5(archives.python) },
      folder: 'batches-py',
      train: { one: md5(python.one), two: md5(python.two) },
      test: { test: md5(python.test) },
    },
  ],
};

const place = temporaryFolders();

const load = async (from: string) => (await findCifar(from, set)).read({});
const refused = (from: string, problem: RegExp) =>
  assert.rejects(load(from), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, problem);
    return true;
  });

test('archives and unpacked files of both forms give the same images, in their order', async () => {
  const packed = await place({ 'small-binary.tar.gz': archives.binary });
  const renamed = await place({ 'downloaded.tgz': archives.python });
  const cases: [string, string | undefined, string][] = [
    [packed, undefined, sha256(archives.binary)],
    [join(packed, 'small-binary.tar.gz'), undefined, sha256(archives.binary)],
    [await place({ 'small-python.tar.gz': archives.python }), undefined, sha256(archives.python)],
    [join(renamed, 'downloaded.tgz'), undefined, sha256(archives.python)],
    [await place(binary), 'unpacked files, for which no checksum is published', sha256(binary['one.bin'])],
    [await place(inFolder('batches-bin', binary)), 'unpacked files, for which no checksum is published', sha256(binary['one.bin'])],
    [await place(inFolder('batches-py', python)), undefined, sha256(python.one)],
  ];
  for (const [from, origin, sum] of cases) {
    const { train, test: held } = await load(from);
    assert.deepEqual([...train.labels], [1, 0, 0, 1]);
    assert.deepEqual([...held.labels], [1, 0]);
    assert.ok(Buffer.concat([0, 1, 2, 3].map(cifarPixels)).equals(train.images), from);
    assert.ok(Buffer.concat([4, 5].map(cifarPixels)).equals(held.images));
    assert.deepEqual([train.name, train.split, train.classes, train.imageShape], ['cifar-small', 'train', ['cat', 'dog'], [3, 32, 32]]);
    assert.equal(train.origin, origin);
    assert.equal(Object.values(train.checksums)[0], sum);
  }
});

test('a part of the images loads as such', async () => {
  const from = await place({ 'train_partial.bin': cifarBinary([1, 1, 0], 0), 'test_partial.bin': cifarBinary([1], 3) });
  const { train, test: held } = await load(from);
  assert.deepEqual([...train.labels, ...held.labels], [1, 1, 0, 1]);
  assert.equal(train.origin, 'a part of the published images: 3 of 4 for train');
});

test('image files in a tar are told from the published archive', async () => {
  const image = (value: number) => Buffer.concat([Buffer.from('P6 32 32 255\n'), Buffer.alloc(3072, value)]);
  const names = ['train/cat/1', 'train/cat/2', 'train/dog/3', 'train/dog/4', 'test/cat/5', 'test/dog/6'];
  const tar = makeTar(Object.fromEntries(names.map((name, i) => [`${name}.ppm`, image(i)])));
  const { train } = await load(join(await place({ 'copy.tar': tar }), 'copy.tar'));
  assert.deepEqual([...train.labels], [0, 0, 1, 1]);
  assert.equal(train.origin, 'a copy as image files, not the published archive');
});

test('truncated or tampered files are refused, with the offset', async () => {
  const packed = async (bytes: Uint8Array) => join(await place({ 'small.tar.gz': bytes }), 'small.tar.gz');
  await refused(await packed(archives.binary.subarray(0, 9000)), /does not unpack after byte 9000/);
  const damaged = Buffer.from(archives.binary);
  damaged[5000] ^= 1;
  await refused(await packed(damaged), /does not unpack after byte \d+/);
  await refused(await packed(gzipSync(makeTar(binary))), /is not the file that CIFAR-SMALL was published as: its MD5 is/);
  await refused(
    await packed(gzipSync(makeTar({ 'one.bin': binary['one.bin'] }))),
    /does not hold the files of CIFAR-SMALL: it has only one\.bin/,
  );
  await refused(await packed(gzipSync(makeTar({ readme: Buffer.from('x') }))), /it has none of them/);
  await refused(await place({ ...binary, 'two.bin': binary['two.bin'].subarray(0, 4000) }), /two\.bin' is truncated.*at byte 3073/);
  await refused(await place({ ...binary, 'two.bin': cifarBinary([0], 2) }), /hold 3 train images, but CIFAR-SMALL has 4/);
  await refused(await place({ ...binary, 'two.bin': cifarBinary([1, 1], 2) }), /hold 1 train images of class 0, but CIFAR-SMALL has 2/);
  await refused(await place({ ...python, one: cifarPickle([0, 1], 0) }), /one' is not the file that CIFAR-SMALL was published as/);
  await refused(await place({ ...python, one: python.one.subarray(0, 2000) }), /the pickle is refused at byte/);
  await refused(join(await place(), 'nothing'), /does not exist; check the path/);
});
