import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Backdoor, triggeredTestSet } from '../attacks/triggered.js';
import { Random } from '../core/random.js';
import type { Dataset } from '../data/dataset.js';
import { Predictor } from '../nn/predict.js';
import { createEngine } from '../runtime/node/engine.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { defenseEffectivenessRating } from './der.js';
import { accuracy, measure } from './measure.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
const predictor = await Predictor.create(engine, brightnessClassifier(3, [1, 2, 2]));
after(() => engine.close());

// Predicted by brightness: 0 0 1 1 2 2 2 0.
const values = [10, 20, 120, 130, 250, 240, 230, 5];
const test8: Dataset = {
  name: 'greys',
  split: 'test',
  classes: ['dark', 'grey', 'light'],
  imageShape: [1, 2, 2],
  images: Uint8Array.from(values.flatMap((value) => [value, value, value, value])),
  labels: Int32Array.of(0, 0, 1, 1, 2, 2, 1, 2),
  checksums: {},
};

const judge = async (backdoor: Backdoor) => measure(predictor, test8, await triggeredTestSet(test8, backdoor, engine));

/** Makes every image 200 brighter, up to white. */
const trigger = { apply: async (images: Uint8Array) => images.map((value) => Math.min(value + 200, 255)), description: { kind: 'test' } };

test('ACC, ASR and RA are the shares that a count by hand gives', async () => {
  const result = await judge({ trigger, labelMap: { kind: 'all-to-one', target: 2 } });
  assert.deepEqual([...result.predictions.clean], [0, 0, 1, 1, 2, 2, 2, 0]);
  assert.equal(result.acc, 6 / 8);
  // Images with true label 0 or 1: positions 0 1 2 3 6, all of them light when triggered (210, 220, 255, 255, 255).
  assert.deepEqual([...result.triggeredTest.indices], [0, 1, 2, 3, 6]);
  assert.deepEqual([...result.predictions.triggered], [2, 2, 2, 2, 2]);
  assert.equal(result.asr, 1);
  assert.equal(result.ra, 0);
  assert.deepEqual(result.images, { clean: 8, triggered: 5 });
});

test('a trigger without effect has the robust accuracy of its clean images', async () => {
  const idle = { ...trigger, apply: async (images: Uint8Array) => images.slice() };
  const one = await judge({ trigger: idle, labelMap: { kind: 'all-to-one', target: 2 } });
  assert.equal(one.asr, 1 / 5);
  assert.equal(one.ra, 4 / 5);
  // All-to-all wants 1 1 2 2 0 0 2 0 of the predictions 0 0 1 1 2 2 2 0.
  const all = await judge({ trigger: idle, labelMap: { kind: 'all-to-all', shift: 1 } });
  assert.equal(all.images.triggered, 8);
  assert.equal(all.asr, 2 / 8);
  assert.equal(all.ra, 6 / 8);
});

test('whatever the trigger does, ASR and RA share one image between them', async () => {
  const random = new Random(1);
  for (let round = 0; round < 10; round++) {
    const wild = { ...trigger, apply: async (images: Uint8Array) => images.map(() => random.below(256)) };
    const { asr, ra } = await judge({ trigger: wild, labelMap: { kind: 'all-to-one', target: round % 3 } });
    assert.ok(asr >= 0 && ra >= 0 && asr + ra <= 1 + 1e-12);
  }
});

test('accuracy needs no backdoor', async () => {
  assert.equal(await accuracy(predictor, test8), 6 / 8);
});

test('the defence effectiveness rating follows its formula', () => {
  const before = { acc: 0.9, asr: 1 };
  assert.equal(defenseEffectivenessRating(before, before), 0.5);
  assert.equal(defenseEffectivenessRating(before, { acc: 0.95, asr: 0 }), 1);
  assert.equal(defenseEffectivenessRating({ acc: 1, asr: 0.5 }, { acc: 0.5, asr: 1 }), 0.25);
  assert.ok(Math.abs(defenseEffectivenessRating(before, { acc: 0.8, asr: 0.2 }) - 0.85) < 1e-12);
});
