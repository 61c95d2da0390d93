import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../../core/random.js';
import { imageAt, subset } from '../../data/dataset.js';
import { createEngine } from '../../runtime/node/engine.js';
import { attackContext, noEngine } from '../../testing/attack-context.js';
import { brightnessClassifier } from '../../testing/brightness.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { adversarialImages } from './adversarial.js';
import { cornerMarks } from './corner-marks.js';
import { lc } from './index.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

test('the published defaults are the defaults', () => {
  assert.deepEqual(lc.options.parse({}), { pratio: 0.1, attack_target: 0, reduced_amplitude: 1, lc_eps: 8, lc_alpha: 1.5, lc_steps: 100 });
});

test('the marks lie in the corners, the right ones mirrored', () => {
  const rows = (height: number, width: number) =>
    Array.from({ length: height }, (_, y) =>
      [...cornerMarks([1, height, width], 1).subarray(y * width, (y + 1) * width)].map((value) => '-.+'[value + 1]).join(''),
    );
  assert.deepEqual(rows(7, 8), ['+--..--+', '-+-..-+-', '+-+..+-+', '........', '+--..--+', '-+-..-+-', '+-+..+-+']);
  const large = rows(64, 64);
  assert.equal(large[0], `++----${'.'.repeat(52)}----++`);
  assert.equal(large[0], large[1]);
  assert.equal(large[63], `++--++${'.'.repeat(52)}++--++`);
});

test('marks of full strength are black and white, weaker ones shift', async () => {
  const apply = (reduced_amplitude: number) =>
    lc.restoreTrigger({ kind: 'lc', imageShape: [1, 6, 6], reduced_amplitude }).apply(new Uint8Array(36).fill(100), noEngine);
  assert.deepEqual([...(await apply(1)).subarray(0, 6)], [255, 0, 0, 0, 0, 255]);
  assert.deepEqual([...(await apply(0.2)).subarray(0, 6)], [151, 49, 49, 49, 49, 151]);
});

test('adversarial images lead away from their labels, within the bound', async () => {
  const random = new Random(1);
  const made = madeUpDataset(40, 3, [1, 4, 4]);
  const images = made.images.map((_, i) => 20 + 90 * made.labels[Math.floor(i / 16)] + random.below(20));
  const dataset = subset({ ...made, images }, [...Array(70).keys()], 'some');
  const model = brightnessClassifier(3, [1, 4, 4]);
  const find = (steps: number) => adversarialImages(dataset, model, { eps: 10, step: 3, steps }, { engine });
  const found = await find(6);
  assert.deepEqual(await find(6), found);
  for (let i = 0; i < 70; i++) {
    // Class 0 is the dark one, so its images get brighter; class 2 darker; class 1 either way.
    const [before, after] = [dataset.images.subarray(i * 16, (i + 1) * 16), found.subarray(i * 16, (i + 1) * 16)];
    const change = Array.from(after, (value, at) => value - before[at]);
    if (dataset.labels[i] === 0) assert.deepEqual(change, new Array(16).fill(10));
    if (dataset.labels[i] === 2) assert.deepEqual(change, new Array(16).fill(-10));
    assert.ok(change.every((value) => Math.abs(value) === 10));
  }
  const once = await find(1);
  assert.equal(Math.abs(once[0] - dataset.images[0]), 3);
});

test('poisoned images are the adversarial ones with marks; test images get the marks alone', async () => {
  const made = madeUpDataset(10, 3, [1, 8, 8]);
  const train = { ...made, images: made.images.map(() => 100) };
  const options = lc.options.parse({ pratio: 0.2, attack_target: 1, lc_steps: 2, lc_alpha: 4 });
  const context = { ...attackContext(3), engine };
  const prepared = await lc.preparation?.prepare(train, options, { ...context, model: brightnessClassifier(3, [1, 8, 8]) });
  const { train: changed, indices, trigger } = await lc.poison(train, options, { ...context, prepared });
  assert.equal(indices.length, 6);
  for (const index of indices) {
    assert.equal(changed.labels[index], 1);
    const image = imageAt(changed, index);
    assert.deepEqual([...image.subarray(0, 3)], [255, 0, 0]);
    assert.equal(Math.abs(image[3] - 100), 8);
  }
  const marked = await trigger.apply(imageAt(train, 0), noEngine);
  assert.deepEqual([...marked.subarray(0, 4)], [255, 0, 0, 100]);
});
