import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolders, temporaryHome } from '../../testing/temporary.js';
import { fashionMnist } from './fashion-mnist.js';

const place = temporaryFolders();
temporaryHome(place);

const installed = await fashionMnist.location();
const skip = installed === undefined && "Debian's package dataset-fashion-mnist is not installed";

test('Fashion-MNIST is complete and is what was published', { skip }, async () => {
  const { train, test: held } = await fashionMnist.load();
  assert.deepEqual([train.labels.length, held.labels.length], [60_000, 10_000]);
  assert.deepEqual([...train.labels.subarray(0, 5)], [9, 0, 0, 3, 0]);
  const mean = train.images.reduce((sum, value) => sum + value, 0) / train.images.length / 255;
  assert.ok(Math.abs(mean - 0.286) < 5e-4, `mean ${mean}`);
  assert.equal(train.origin, undefined);
});

test('a folder without the files is a user error that says which is missing', async () => {
  await assert.rejects(
    fashionMnist.load({ from: await place() }),
    /has neither train-images-idx3-ubyte nor train-images-idx3-ubyte\.gz; give the/,
  );
});
