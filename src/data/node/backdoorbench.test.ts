import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { readFixtureBytes } from '../../testing/fixtures.js';
import { encodePng } from '../picture.js';
import { openRecord, readTriggered } from './backdoorbench.js';

const folder = mkdtempSync(join(tmpdir(), 'antidote record '));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'attack_result.pt'), readFixtureBytes('formats/attack_result.pt'));

/** A picture of one colour. */
async function picture(path: string, colour: readonly [number, number, number], side = 32): Promise<void> {
  const pixels = Uint8Array.from({ length: 3 * side * side }, (_, i) => colour[Math.floor(i / (side * side))]);
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), await encodePng({ width: side, height: side, channels: 3, pixels }));
}

async function refused(run: () => Promise<unknown>, why: RegExp): Promise<void> {
  await assert.rejects(run, (error) => error instanceof UserError && !error.message.includes('\n') && why.test(error.message), String(why));
}

test('a record gives its pictures with the trigger, wherever it was made', async () => {
  await picture('bd_test_dataset/1/1.png', [1, 2, 3]);
  await picture('bd_test_dataset/2/3.png', [4, 5, 6]);
  for (const path of [folder, join(folder, 'attack_result.pt')]) {
    const opened = await openRecord(path);
    assert.deepEqual([opened.folder, opened.record.modelName], [folder, 'preactresnet18']);
    const { dataset, originals, indices } = await readTriggered(opened, 'test');
    assert.deepEqual([...dataset.labels], [0, 0]);
    assert.deepEqual([...originals], [1, 2]);
    assert.deepEqual([...indices], [1, 3]);
    assert.deepEqual([dataset.name, dataset.classes, dataset.imageShape], ['cifar10', ['0', '1', '2'], [3, 32, 32]]);
    assert.deepEqual(
      Array.from({ length: 6 }, (_, plane) => dataset.images[plane * 1024 + 1023]),
      [1, 2, 3, 4, 5, 6],
    );
  }
});

test('grey pictures have one channel', async () => {
  const { record } = await openRecord(folder);
  const grey = { record: { ...record, imageShape: [1, 32, 32] as const }, folder };
  const { dataset } = await readTriggered(grey, 'test', {}, ['a', 'b', 'c']);
  assert.deepEqual([dataset.images.length, dataset.images[0], dataset.images[1024]], [2048, 1, 4]);
  assert.deepEqual(dataset.classes, ['a', 'b', 'c']);
});

test('what is missing or does not fit is named', async () => {
  const opened = await openRecord(folder);
  await refused(() => readTriggered(opened, 'train'), /bd_train_dataset.*1\.png' does not exist/);
  await picture('bd_train_dataset/1/1.png', [0, 0, 0], 16);
  await picture('bd_train_dataset/2/5.png', [0, 0, 0]);
  await refused(() => readTriggered(opened, 'train'), /1\.png' is 16 x 16 pixels, expected 32 x 32/);
  const { train: _, ...record } = opened.record;
  await refused(() => readTriggered({ record, folder }, 'train'), /keeps no training images/);
  await refused(() => openRecord(join(folder, 'nothing')), /does not exist/);
  await refused(() => openRecord(join(folder, 'bd_test_dataset')), /attack_result\.pt' does not exist/);
});
