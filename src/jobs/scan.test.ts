import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Detector } from '../detectors/detector.js';
import { detectors } from '../detectors/registry.js';
import { renderReport } from '../report/html.js';
import { readResult, resultVersion } from '../report/result.js';
import { writeResult } from '../report/write.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpDataset } from '../testing/dataset.js';
import { shortcutClassifier } from '../testing/shortcut.js';
import { decodePictures, encodePictures } from './pictures-file.js';
import { detectionRecord, pictureSuspect, scanModel } from './scan.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const clean = madeUpDataset(20, 3, [1, 8, 8]);
const model = shortcutClassifier();
const options = { nc_families: ['patch'], nc_images: 16, nc_steps: 40, nc_repeats: 1, push_images: 12 };

test('a scan is told in the result, in pictures and in the report', async () => {
  const scanned = await scanModel({ engine, model, clean, detectors, options, seed: 3 });
  assert.deepEqual(
    scanned.detections.map(({ detector, findings }) => [detector.name, findings.length]),
    [
      ['neural-cleanse', 1],
      ['map-collapse', 1],
    ],
  );
  const [patch, collapse] = scanned.detections.flatMap(({ findings }) => findings);
  const picture = await pictureSuspect(clean, patch);
  assert.ok(picture);
  assert.equal(await pictureSuspect(clean, collapse), undefined);
  const pictures = decodePictures(encodePictures({ suspects: [picture] }), 'pictures.json');
  assert.deepEqual(pictures.suspects, [picture]);

  const made = { version: resultVersion, kind: 'scan', created: '2026-01-01T00:00:00.000Z', detection: detectionRecord(scanned) } as const;
  const result = readResult(writeResult(made), 'result.json');
  assert.equal(result.detection?.detectors[0].options.nc_steps, 40);
  const page = renderReport(result, pictures);
  assert.match(page, /<h1>Is it backdoored\?<\/h1>/);
  assert.match(page, /a small patch <small>/);
  assert.equal(page.match(/data:image\/png/g)?.length, 3);
});

test('where nothing stands out the report says what was looked for, and that this proves nothing', async () => {
  const idle: Detector = {
    ...detectors[0],
    detect: async () => [
      {
        sought: 'ghosts',
        target: 1,
        statistic: 0,
        repeats: [{ target: 1, statistic: 0 }],
        threshold: 2,
        classes: [1, 1],
        measure: 'cost',
        statement: 'none',
      },
    ],
  };
  const scanned = await scanModel({ engine, model, clean, detectors: [idle] });
  assert.deepEqual(scanned.verdict, { level: 'clear' });
  const page = renderReport({
    version: resultVersion,
    kind: 'scan',
    created: '2026-01-01T00:00:00.000Z',
    detection: detectionRecord(scanned),
  });
  assert.match(page, /Nothing was found\..*no proof that nothing is there\. Looked for: ghosts\./s);
});

test('options that a detector refuses are refused', async () => {
  await assert.rejects(scanModel({ engine, model, clean, detectors, options: { nc_steps: 0 } }), /option nc_steps of neural-cleanse is 0/);
});
