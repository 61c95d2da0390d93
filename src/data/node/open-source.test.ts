import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { makeTar } from '../../testing/make-tar.js';
import { temporaryFolders, temporaryHome } from '../../testing/temporary.js';
import { openData } from './open-source.js';

const place = temporaryFolders();
temporaryHome(place);

const ppm = (width: number, value: number) => Buffer.concat([Buffer.from(`P6 ${width} 2 255\n`), Buffer.alloc(6 * width, value)]);
const files = { 'train/no/1.ppm': ppm(2, 10), 'train/yes/1.ppm': ppm(2, 20), 'test/no/1.ppm': ppm(2, 30) };

test("one's own images load from a folder or a tar, and the second time from the cache", async () => {
  const made = await place({ ...files, 'mine.tar': makeTar(files) });
  const phases: string[] = [];
  for (const path of [join(made, 'mine.tar'), join(made, 'mine.tar'), await place(files)]) {
    const { train, test: held } = await openData(path, { progress: ({ phase }) => phases.push(phase) });
    assert.deepEqual(
      [train.classes, train.imageShape],
      [
        ['no', 'yes'],
        [3, 2, 2],
      ],
    );
    assert.deepEqual([...train.labels, ...held.labels], [0, 1, 0]);
    assert.deepEqual([train.images[0], train.images[12], held.images[0]], [10, 20, 30]);
  }
  assert.deepEqual(phases.slice(0, 1), ['decode mine']);
  assert.equal(phases.length, 2);
});

test('images of several sizes need a size, which is part of what is kept', async () => {
  const made = await place({ ...files, 'test/yes/1.ppm': ppm(5, 40) });
  await assert.rejects(openData(made), /is 5 x 2 pixels, expected 2 x 2/);
  for (const imageSize of [1, 3]) {
    const { test: held } = await openData(made, { imageSize });
    assert.deepEqual(held.imageShape, [3, imageSize, imageSize]);
    assert.deepEqual([held.images[0], held.images.at(-1)], [30, 40]);
  }
});

test('what is neither a name nor a path, or is told what it knows itself, is a user error', async () => {
  const made = await place(files);
  const few = await place({ 'train/cat/1.ppm': ppm(2, 10), 'train/dog/1.ppm': ppm(2, 20), 'test/cat/1.ppm': ppm(2, 30) });
  const cases: [() => Promise<unknown>, RegExp][] = [
    [() => openData('cifr10'), /there is no data set 'cifr10'; did you mean 'cifar10'/],
    [() => openData('./nothing'), /nothing' does not exist; check the path/],
    [() => openData(made, { from: made }), /is a path itself; leave out --from/],
    [() => openData('cifar10', { imageSize: 32 }), /CIFAR-10 has its own image size; leave out --image-size/],
    [() => openData('cifar10', { from: made }), /is in the class 'no', which cifar10 does not have/],
    [() => openData('cifar10'), /CIFAR-10 is not on this machine yet; run 'antidote data get cifar10' once, or give its files with --from/],
    [
      () => openData('cifar10', { from: few }),
      /holds 2 train images, but CIFAR-10 has 50000; get all, or give the path as the data set itself/,
    ],
  ];
  for (const [load, problem] of cases) {
    await assert.rejects(load, (error) => error instanceof UserError && problem.test(error.message), `${problem}`);
  }
});
