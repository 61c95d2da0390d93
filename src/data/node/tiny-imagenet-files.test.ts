import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { UserError } from '../../core/errors.js';
import { writeZip } from '../../formats/zip/write.js';
import { temporaryFolders } from '../../testing/temporary.js';
import { findTinyImageNet, type TinySet } from './tiny-imagenet-files.js';

const place = temporaryFolders();

/** Jpeg keeps an image of one colour as it is, or nearly. */
const grey = (value: number) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: value, g: value, b: value } } })
    .jpeg({ quality: 100 })
    .toBuffer();

/** Two classes; the validation pictures are not in the order of their classes, and one picture is truly grey. */
async function files(): Promise<Record<string, Uint8Array>> {
  const single = await sharp(Buffer.alloc(64, 60), { raw: { width: 8, height: 8, channels: 1 } })
    .jpeg({ quality: 100 })
    .toBuffer();
  return {
    'wnids.txt': Buffer.from('n00000002\nn00000001\n'),
    'words.txt': Buffer.from('n00000001\tgoldfish, Carassius auratus\nn00000003\telse\n'),
    'train/n00000002/images/n00000002_0.JPEG': await grey(30),
    'train/n00000001/images/n00000001_10.JPEG': await grey(20),
    'train/n00000001/images/n00000001_2.JPEG': await grey(10),
    'train/n00000001/n00000001_boxes.txt': Buffer.from('n00000001_2.JPEG\t0\t0\t1\t1\n'),
    'val/images/val_0.JPEG': await grey(50),
    'val/images/val_1.JPEG': single,
    'val/val_annotations.txt': Buffer.from('val_0.JPEG\tn00000002\t0\t0\t1\t1\nval_1.JPEG\tn00000001\t0\t0\t1\t1\n'),
    'test/images/test_0.JPEG': await grey(70),
  };
}

const inFolder = (content: Record<string, Uint8Array>) =>
  Object.fromEntries(Object.entries(content).map(([name, bytes]) => [`tiny-small/${name}`, bytes]));
const zip = (content: Record<string, Uint8Array>) => writeZip(new Map(Object.entries(inFolder(content))));

async function setOf(archive: Uint8Array): Promise<TinySet> {
  const md5 = createHash('md5').update(archive).digest('hex');
  const imageShape = [3, 8, 8] as const;
  const archives = { archive: { file: 'tiny-small.zip', url: '', md5 }, folder: 'tiny-small' };
  return { name: 'tiny-small', title: 'TINY-SMALL', classes: 2, imageShape, images: { train: 3, test: 2 }, ...archives };
}

test('the archive, packed or unpacked, gives classes by WordNet number and the validation pictures as test', async () => {
  const content = await files();
  const packed = await place({ 'tiny-small.zip': zip(content) });
  const set = await setOf(zip(content));
  const unpacked = await place(inFolder(content));
  for (const from of [packed, join(packed, 'tiny-small.zip'), unpacked, join(unpacked, 'tiny-small')]) {
    const { train, test: held } = await (await findTinyImageNet(from, set)).read({});
    assert.deepEqual(train.classes, ['goldfish', 'n00000002']);
    assert.deepEqual([...train.labels, ...held.labels], [0, 0, 1, 0, 1]);
    // One value of each picture and plane: by name as text, 10 stands before 2; grey pictures become three equal planes.
    const colours = ({ images }: typeof train) => Array.from({ length: images.length / 64 }, (_, plane) => images[plane * 64]);
    assert.deepEqual(colours(train), [20, 20, 20, 10, 10, 10, 30, 30, 30]);
    assert.deepEqual(colours(held), [60, 60, 60, 50, 50, 50]);
    assert.equal(train.origin, from.startsWith(packed) ? undefined : 'unpacked files, for which no checksum is published');
  }
});

test('what is missing, truncated or tampered is refused', async () => {
  const content = await files();
  const set = await setOf(zip(content));
  const refused = async (archive: Uint8Array, problem: RegExp) => {
    const from = await place({ 'tiny-small.zip': archive });
    const read = async () => (await findTinyImageNet(from, set)).read({});
    await assert.rejects(read(), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, problem);
      return true;
    });
  };
  await refused(zip(content).subarray(0, 1000), /no zip archive or it is damaged or cut short/);
  await refused(zip({ ...content, 'test/images/test_0.JPEG': await grey(1) }), /is not the file that TINY-SMALL was published as/);
  const picture = 'train/n00000002/images/n00000002_0.JPEG';
  await refused(zip({ ...content, [picture]: content[picture].subarray(0, 200) }), /n00000002_0\.JPEG' \(200 bytes\) does not decode/);
  await refused(zip({ ...content, 'val/val_annotations.txt': Buffer.from('val_0.JPEG\tn00000009\n') }), /is damaged in line 1/);
  await refused(
    zip({ ...content, 'val/val_annotations.txt': Buffer.from('val_0.JPEG\tn00000001\n') }),
    /holds 1 test images, but TINY-SMALL has 2/,
  );
  const { [picture]: _, ...fewer } = content;
  await refused(zip(fewer), /holds 1 classes of training pictures, but TINY-SMALL has 2/);
});
