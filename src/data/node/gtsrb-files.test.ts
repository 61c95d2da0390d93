import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { writeZip } from '../../formats/zip/write.js';
import { temporaryFolders } from '../../testing/temporary.js';
import { resizeBilinear } from '../resize.js';
import { writePlanes } from '../rgb-image.js';
import { findGtsrb, type GtsrbSet } from './gtsrb-files.js';

const place = temporaryFolders();

/** Picture i has a size of its own. */
const picture = (i: number) => {
  const [width, height] = [3 + i, 9 - i];
  return { width, height, pixels: Uint8Array.from({ length: 3 * width * height }, (_, k) => (31 * i + 7 * k) % 256) };
};
const ppm = (i: number) => Buffer.concat([Buffer.from(`P6\n${picture(i).width} ${picture(i).height}\n255\n`), picture(i).pixels]);
const planes = (...images: number[]) => {
  const pixels = new Uint8Array(images.length * 48);
  images.forEach((i, at) => {
    writePlanes(resizeBilinear(picture(i), 4, 4), pixels, at * 48);
  });
  return [...pixels];
};
const table = (...rows: [string, number][]) =>
  Buffer.from(
    ['Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId', ...rows.map(([name, label]) => `${name};9;9;1;1;8;8;${label}`), ''].join(
      '\r\n',
    ),
  );

// The second class's table is not in the order of its files' names.
const training = {
  'GTSRB/Final_Training/Images/00000/00000_00000.ppm': ppm(0),
  'GTSRB/Final_Training/Images/00000/GT-00000.csv': table(['00000_00000.ppm', 0]),
  'GTSRB/Final_Training/Images/00001/00000_00000.ppm': ppm(1),
  'GTSRB/Final_Training/Images/00001/00000_00001.ppm': ppm(2),
  'GTSRB/Final_Training/Images/00001/GT-00001.csv': table(['00000_00001.ppm', 1], ['00000_00000.ppm', 1]),
  'GTSRB/Readme-Images.txt': Buffer.from('hello'),
};
const testing = { 'GTSRB/Final_Test/Images/00000.ppm': ppm(3), 'GTSRB/Final_Test/Images/00001.ppm': ppm(4) };
const unlabelled = { 'GTSRB/Final_Test/Images/GT-final_test.test.csv': Buffer.from('Filename;Width;Height\r\n') };
const truth = { 'GT-final_test.csv': table(['00000.ppm', 1], ['00001.ppm', 0]) };

const zip = (files: Record<string, Uint8Array>) => writeZip(new Map(Object.entries(files)));
const packed = { 'train.zip': zip(training), 'test.zip': zip({ ...testing, ...unlabelled }), 'truth.zip': zip(truth) };
const published = (file: keyof typeof packed) => ({ file, url: '', md5: createHash('md5').update(packed[file]).digest('hex') });

const set: GtsrbSet = {
  name: 'signs',
  title: 'SIGNS',
  classNames: ['stop', 'go'],
  imageShape: [3, 4, 4],
  images: { train: 3, test: 2 },
  archives: [published('train.zip'), published('test.zip'), published('truth.zip')],
};

const load = async (from: string) => (await findGtsrb(from, set)).read({});
const refused = (from: string, problem: RegExp) =>
  assert.rejects(load(from), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, problem);
    return true;
  });
const renamed = (files: Record<string, Uint8Array>, from: string, to: string) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name.replace(from, to), bytes]));

test('the archives, packed or unpacked, give every whole picture resized, in the order of the tables', async () => {
  const archives = await place(packed);
  const unpacked = 'unpacked files, for which no checksum is published';
  const arranged = renamed({ ...training, ...testing }, 'GTSRB/Final_Training/Images', 'Train');
  const cases: [string, string | undefined][] = [
    [archives, undefined],
    [join(archives, 'test.zip'), undefined],
    [await place({ ...training, ...testing, 'GTSRB/GT-final_test.csv': truth['GT-final_test.csv'] }), unpacked],
    [
      await place({ ...renamed(arranged, 'GTSRB/Final_Test/Images', 'Test'), 'Test/GT-final_test.csv': truth['GT-final_test.csv'] }),
      unpacked,
    ],
  ];
  for (const [from, origin] of cases) {
    const { train, test: held } = await load(from);
    assert.deepEqual([...train.labels, ...held.labels], [0, 1, 1, 1, 0]);
    assert.deepEqual([...train.images], planes(0, 2, 1));
    assert.deepEqual([...held.images], planes(3, 4));
    assert.deepEqual([train.name, held.split, train.classes, train.imageShape], ['signs', 'test', ['stop', 'go'], [3, 4, 4]]);
    assert.equal(train.origin, origin);
    assert.ok(Object.values(train.checksums).every((sum) => /^[0-9a-f]{64}$/.test(sum)));
  }
});

test('what is missing, truncated or tampered is refused', async () => {
  const { 'truth.zip': _, ...two } = packed;
  await refused(await place(two), /needs its three archives in one folder; '.*truth\.zip' is missing/);
  await refused(
    await place({ ...packed, 'test.zip': packed['test.zip'].subarray(0, 300) }),
    /test\.zip: .*no zip archive or it is damaged or cut short/,
  );
  const damaged = Uint8Array.from(packed['train.zip']);
  damaged[100] ^= 1;
  await refused(await place({ ...packed, 'train.zip': damaged }), /does not have the checksum that the archive gives/);
  const other = zip({ ...training, 'GTSRB/Final_Training/Images/00000/00000_00000.ppm': ppm(5) });
  await refused(await place({ ...packed, 'train.zip': other }), /train\.zip' is not the file that SIGNS was published as: its MD5 is/);
  const fewer = zip({ ...training, 'GTSRB/Final_Training/Images/00001/GT-00001.csv': table(['00000_00000.ppm', 1]) });
  await refused(await place({ ...packed, 'train.zip': fewer }), /holds 2 train images, but SIGNS has 3/);
  const absent = zip({ ...training, 'GTSRB/Final_Training/Images/00000/GT-00000.csv': table(['9.ppm', 0]) });
  await refused(await place({ ...packed, 'train.zip': absent }), /holds no '.*9\.ppm'/);
  await refused(await place(training), /lacks GT-final_test\.csv, the labels of the test pictures; unpack truth\.zip there/);
  await refused(await place({ 'Train/00000/GT-00000.csv': truth['GT-final_test.csv'] }), /lacks GT-final_test\.csv/);
});
