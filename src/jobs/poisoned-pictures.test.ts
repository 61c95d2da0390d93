import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { badnets } from '../attacks/badnets.js';
import { wanet } from '../attacks/wanet/index.js';
import { Random } from '../core/random.js';
import { imageAt } from '../data/dataset.js';
import { encodePng } from '../data/picture.js';
import { attackContext, noEngine } from '../testing/attack-context.js';
import { noisyDataset } from '../testing/dataset.js';
import { savePoisoned } from './node/save-poisoned.js';
import { poisonedPictures } from './poisoned-pictures.js';

const train = noisyDataset(10, 3, [1, 8, 8]);
const drawing = (count: number) => ({ engine: noEngine, random: new Random(1), count });

test('poisoned images are written as they are trained on, under position and labels', async () => {
  const poisoned = await badnets.poison(train, badnets.options.parse({ pratio: 0.2, attack_target: 1 }), attackContext(1));
  const pictures = await poisonedPictures(train, poisoned, poisoned.trigger, drawing(100));
  assert.equal(pictures.length, 6);
  for (const [i, index] of poisoned.indices.entries()) {
    assert.equal(pictures[i].name, `0000${String(index).padStart(2, '0')}-${train.labels[index]}-to-1.png`);
    const pixels = imageAt(poisoned.train, index);
    assert.deepEqual(pictures[i].png, await encodePng({ channels: 1, height: 8, width: 8, pixels }));
  }
  assert.equal((await poisonedPictures(train, poisoned, poisoned.trigger, drawing(4))).length, 4);
  const twoChannels = noisyDataset(10, 3, [2, 8, 8]);
  assert.deepEqual(await poisonedPictures(twoChannels, poisoned, poisoned.trigger, drawing(4)), []);
});

test('of an attack that poisons every batch, training images with the trigger are written', async () => {
  const poisoned = await wanet.poison(train, wanet.options.parse({ attack_label_trans: 'all2all' }), attackContext(1));
  const trigger = poisoned.trigger ?? assert.fail();
  const pictures = await poisonedPictures(train, poisoned, trigger, drawing(5));
  assert.equal(pictures.length, 5);
  for (const { name, png } of pictures) {
    const [index, label, given] = name.split(/-to-|-|\.png/).map(Number);
    assert.deepEqual([label, given], [index % 3, (index + 1) % 3]);
    const pixels = await trigger.apply(imageAt(train, index), noEngine);
    assert.deepEqual(png, await encodePng({ channels: 1, height: 8, width: 8, pixels }));
  }
  assert.deepEqual(await poisonedPictures(train, poisoned, trigger, drawing(0)), []);
});

const folder = await mkdtemp(join(tmpdir(), 'antidote-poisoned-'));
after(() => rm(folder, { recursive: true }));

test('pictures of an earlier run are replaced, and other files left alone', async () => {
  const named = (...names: string[]) => names.map((name) => ({ name, png: Uint8Array.of(1) }));
  assert.deepEqual(await savePoisoned(folder, []), []);
  assert.deepEqual(await readdir(folder), []);
  const [path] = await savePoisoned(folder, named('000001-2-to-0.png', '000002-3-to-0.png'));
  await writeFile(join(path, 'mine.png'), '');
  await savePoisoned(folder, named('000007-2-to-0.png'));
  assert.deepEqual((await readdir(path)).sort(), ['000007-2-to-0.png', 'mine.png']);
});
