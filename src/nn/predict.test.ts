import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Interrupted, UserError } from '../core/errors.js';
import { argmaxRows, full } from '../core/tensor.js';
import { createEngine } from '../runtime/node/engine.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { withParameters } from './classifier.js';
import { type Images, imagesPerRun, Predictor } from './predict.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const classifier = brightnessClassifier(3, [1, 2, 2]);
const values = [0, 255, 128, 10, 250, 120, 100];
const images: Images = {
  name: 'greys',
  classes: ['dark', 'grey', 'light'],
  imageShape: [1, 2, 2],
  images: Uint8Array.from(values.flatMap((value) => [value, value, value, value])),
};

test('every image gets its logits, whatever the batch size', async () => {
  const predictor = await Predictor.create(engine, classifier);
  const whole = await predictor.logits(images);
  assert.equal(whole.length, 21);
  for (let i = 0; i < 7; i++) {
    const mean = values[i] / 255;
    const expected = [0, mean - 0.25, 2 * mean - 1];
    for (let k = 0; k < 3; k++) assert.ok(Math.abs(whole[3 * i + k] - expected[k]) < 1e-6);
  }
  assert.deepEqual([...argmaxRows(whole, 3)], [0, 2, 1, 0, 2, 1, 1]);
  for (const batchSize of [1, 3, 7]) {
    const done: number[] = [];
    const logits = await predictor.logits(images, { batchSize, progress: (event) => done.push(event.done) });
    assert.deepEqual(logits, whole);
    assert.equal(done.length, Math.ceil(7 / batchSize));
    assert.equal(done.at(-1), 7);
  }
  await predictor.release();
});

test('images that do not fit the network are user errors', async () => {
  const predictor = await Predictor.create(engine, classifier);
  const wrongs: [Partial<Images>, RegExp][] = [
    [{ imageShape: [1, 1, 4] }, /'brightness' takes images of 1 x 2 x 2, but those of greys are 1 x 1 x 4; use the data set of the model/],
    [{ classes: ['a', 'b'] }, /'brightness' has 3 classes, but greys has 2/],
    [{ images: new Uint8Array(0) }, /greys holds no images/],
  ];
  for (const [wrong, problem] of wrongs) {
    await assert.rejects(predictor.logits({ ...images, ...wrong }), (error) => error instanceof UserError && problem.test(error.message));
  }
  await assert.rejects(predictor.logits(images, { batchSize: 0 }), UserError);
  await predictor.release();
});

test('logits that are not numbers are a user error, not class 0', async () => {
  const diverged = withParameters(classifier, { weight: full([4, 3], Number.NaN) });
  const predictor = await Predictor.create(engine, diverged);
  await assert.rejects(predictor.logits(images), /logits that are not numbers/);
  await predictor.release();
});

test('a signal stops the work between batches', async () => {
  const predictor = await Predictor.create(engine, classifier);
  const controller = new AbortController();
  let batches = 0;
  const progress = () => {
    if (++batches === 2) controller.abort();
  };
  await assert.rejects(predictor.logits(images, { batchSize: 1, progress, signal: controller.signal }), Interrupted);
  assert.equal(batches, 2);
  await predictor.release();
});

test('large images go through a network in smaller numbers', () => {
  assert.deepEqual(
    [
      [1, 28, 28],
      [3, 32, 32],
      [3, 64, 64],
      [3, 224, 224],
      [3, 4000, 4000],
    ].map(imagesPerRun),
    [250, 250, 250, 20, 1],
  );
});
