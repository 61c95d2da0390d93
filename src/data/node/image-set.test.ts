import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { UserError } from '../../core/errors.js';
import { makeTar } from '../../testing/make-tar.js';
import { temporaryFolders } from '../../testing/temporary.js';
import { imageAt } from '../dataset.js';
import { findImageFiles } from './image-files.js';
import { type ImageSetOptions, readImageSet } from './image-set.js';

const folderOf = temporaryFolders();

/** A 2 x 1 image whose pixels tell it from the others. */
const pixels = (i: number) => Uint8Array.of(10 + i, 20 + i, 30 + i, 40 + i, 50 + i, 60 + i);
const planes = (i: number) => [10 + i, 40 + i, 20 + i, 50 + i, 30 + i, 60 + i];
const raw = (i: number) => sharp(pixels(i), { raw: { width: 2, height: 1, channels: 3 } });
const ppm = (i: number) => Buffer.concat([Buffer.from('P6\n2 1\n255\n'), pixels(i)]);

async function someFiles(): Promise<Record<string, Uint8Array>> {
  return {
    'train/b/2.png': await raw(1).png().toBuffer(),
    'train/b/10.webp': await raw(2).webp({ lossless: true }).toBuffer(),
    'train/a/x.ppm': ppm(3),
    'train/a/.x.ppm': Buffer.from('left behind by some system'),
    'train/a/notes.txt': Buffer.from('no image'),
    'test/a/1.png': await raw(4).png().toBuffer(),
    'test/b/0.png': await raw(5).png().toBuffer(),
  };
}

const load = async (path: string, options: Partial<ImageSetOptions> = {}) =>
  readImageSet(await findImageFiles(path), { name: 'made', ...options });

async function refused(path: string, problem: RegExp, options: Partial<ImageSetOptions> = {}) {
  await assert.rejects(load(path, options), (error) => error instanceof UserError && problem.test(error.message), `${problem}`);
}

test('a folder, a tar, a packed tar and a folder of tars give the same bytes', async () => {
  const files = await someFiles();
  const names = Object.keys(files);
  const half = (keep: (i: number) => boolean) => Object.fromEntries(names.filter((_, i) => keep(i)).map((name) => [name, files[name]]));
  const places = await folderOf({
    'one.tar': makeTar(files),
    'two.tar.gz': gzipSync(makeTar(files)),
    'parts/set-a.tar': makeTar(half((i) => i % 2 === 0)),
    'parts/set-b.tar': makeTar(half((i) => i % 2 === 1)),
  });
  for (const path of [await folderOf(files), join(places, 'one.tar'), join(places, 'two.tar.gz'), join(places, 'parts')]) {
    const { train, test: held } = await load(path);
    assert.deepEqual(train.classes, ['a', 'b']);
    assert.deepEqual(train.imageShape, [3, 1, 2]);
    // By class, then by name as text: 10 stands before 2.
    assert.deepEqual([...train.labels], [0, 1, 1]);
    assert.deepEqual(
      [0, 1, 2].map((i) => [...imageAt(train, i)]),
      [planes(3), planes(2), planes(1)],
    );
    assert.deepEqual([...held.labels], [0, 1]);
    assert.deepEqual([...held.images], [...planes(4), ...planes(5)]);
    assert.ok(Object.values(train.checksums).every((sum) => /^[0-9a-f]{64}$/.test(sum)));
  }
});

test('folders may be numbered, and files across classes', async () => {
  const files = { 'train/00001/1.ppm': ppm(1), 'train/00000/2.ppm': ppm(2), 'test/0/1.ppm': ppm(3), 'test/good/0.ppm': ppm(4) };
  const { train, test: held } = await load(await folderOf(files), { classes: ['bad', 'good'], byFile: true });
  assert.deepEqual([...train.labels], [1, 0]);
  assert.deepEqual([...train.images], [...planes(1), ...planes(2)]);
  assert.deepEqual([...held.labels], [1, 0]);
});

test('grey becomes RGB, transparency goes, and 16 bits become 8', async () => {
  const grey = await sharp(Uint8Array.of(7, 200), { raw: { width: 2, height: 1, channels: 1 } })
    .png()
    .toBuffer();
  const clear = await sharp(Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 128), { raw: { width: 2, height: 1, channels: 4 } })
    .png()
    .toBuffer();
  const fine = Uint16Array.of(0x0100, 0x0200, 0x0300, 0x1000, 0x2000, 0xff00);
  const deep = await sharp(fine, { raw: { width: 2, height: 1, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toBuffer();
  const files = { 'train/a/1.png': grey, 'train/a/2.png': clear, 'train/a/3.png': deep, 'val/a/1.ppm': ppm(0) };
  const { train } = await load(await folderOf(files));
  assert.deepEqual([...imageAt(train, 0)], [7, 200, 7, 200, 7, 200]);
  assert.deepEqual([...imageAt(train, 1)], [1, 4, 2, 5, 3, 6]);
  assert.deepEqual([...imageAt(train, 2)], [0x01, 0x10, 0x02, 0x20, 0x03, 0xff]);
});

test('what does not fit is a user error that names the file', async () => {
  const files = await someFiles();
  const png = files['train/b/2.png'];
  await refused(join(await folderOf(), 'nothing'), /does not exist; check the path/);
  await refused(await folderOf({ 'train/a/1.ppm': ppm(0) }), /needs images as train\/CLASS\/FILE .* found parts: train;/);
  await refused(await folderOf({ ...files, 'test/c/1.ppm': ppm(0) }), /c\/1\.ppm' is in the class 'c', which made does not have/);
  await refused(await folderOf({ ...files, 'train/2/1.ppm': ppm(0) }), /the class '2', which made does not have/, { classes: ['a', 'b'] });
  await refused(
    await folderOf({ ...files, 'train/b/2.png': png.subarray(0, png.length - 20) }),
    /b\/2\.png' \(\d+ bytes\) does not decode/,
  );
  await refused(await folderOf({ ...files, 'train/b/2.png': Buffer.from('<svg/>') }), /b\/2\.png' is not a PNG, JPEG, WebP or PPM/);
  await refused(
    await folderOf({ ...files, 'train/b/3.ppm': Buffer.from('P6 1 1 255 abc') }),
    /3\.ppm' is 1 x 1 pixels, expected 2 x 1 as in the others/,
  );
  const tars = await folderOf({ 'set-a.tar': makeTar(files), 'set-b.tar': makeTar({ 'train/a/x.ppm': ppm(3) }) });
  await refused(tars, /set-b\.tar: train\/a\/x\.ppm, at byte 0' is there twice, also as/);
});

test('images of any size become the size that is asked for', async () => {
  const files = { 'train/a/1.ppm': ppm(0), 'test/a/1.ppm': Buffer.from('P6 1 1 255 abc') };
  const { train, test: held } = await load(await folderOf(files), { size: [1, 1] });
  assert.deepEqual([...train.images], [25, 35, 45]);
  assert.deepEqual([...held.images], [97, 98, 99]);
});
