import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { badnets } from '../attacks/badnets.js';
import { Interrupted, UserError } from '../core/errors.js';
import type { Dataset } from '../data/dataset.js';
import { ft } from '../defenses/ft.js';
import { encodeClassifier } from '../nn/onnx-file.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpDataset } from '../testing/dataset.js';
import type { CheckpointStore } from '../train/checkpoint.js';
import { drawClean } from './clean.js';
import { evaluateModel } from './evaluate.js';
import { takePictures } from './pictures.js';
import { decodePictures, encodePictures } from './pictures-file.js';
import { plantBackdoor } from './plant.js';
import { repairModel } from './repair.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

/** Images whose brightness is their class. */
function bright(perClass: number, split: string): Dataset {
  const made = madeUpDataset(perClass, 3, [1, 8, 8]);
  const images = made.images.map((_, i) => 20 + 90 * made.labels[Math.floor(i / 64)] + ((i * 7) % 30));
  return { ...made, split, images };
}

const data = { train: bright(40, 'train'), test: bright(10, 'test') };
const network = { width: 2, depths: [1, 1] };
const training = { epochs: 3, batch_size: 20, lr: 0.1, crop_padding: 0 };
const task = { engine, data, attack: badnets, attackOptions: { pratio: 0.2, attack_target: 1 }, network, training, seed: 5 };

test('a planted backdoor is the same for the same seed, also when training was interrupted', async () => {
  const whole = await plantBackdoor(task);
  const bytes = encodeClassifier(whole.model);
  const other = await plantBackdoor({ ...task, seed: 6 });
  assert.notDeepEqual(encodeClassifier(other.model), bytes);

  let saved: Uint8Array | undefined;
  const checkpoints: CheckpointStore = {
    name: 'memory',
    load: async () => saved,
    save: async (state) => {
      saved = state;
    },
  };
  const controller = new AbortController();
  const progress = ({ done }: { done: number }) => {
    if (done > 6) controller.abort();
  };
  await assert.rejects(plantBackdoor({ ...task, checkpoints }, { signal: controller.signal, progress }), Interrupted);
  assert.ok(saved);
  const resumed: number[] = [];
  const again = await plantBackdoor({ ...task, checkpoints }, { progress: ({ phase, done }) => phase === 'train' && resumed.push(done) });
  assert.ok(resumed[0] > 6, 'it went on from the checkpoint');
  assert.deepEqual(encodeClassifier(again.model), bytes);
  assert.deepEqual(again.scores, whole.scores);
  await assert.rejects(plantBackdoor({ ...task, checkpoints, seed: 6 }), /memory: belongs to a run with other data or options/);
});

test('what is recorded of an attack is what was done', async () => {
  const { record, history, scores, backdoor, triggered } = await plantBackdoor(task);
  assert.deepEqual([record.method, record.poisoned, record.labelMap], ['badnets', 24, { kind: 'all-to-one', target: 1 }]);
  assert.equal(record.options.pratio, 0.2);
  assert.equal(record.options.lr, 0.1);
  assert.deepEqual(record.trigger, backdoor.trigger.description);
  assert.equal(history.length, 3);
  assert.deepEqual(scores.images, { clean: 30, triggered: 20 });
  assert.equal(triggered.indices.length, 20);
});

test('a repair starts from the clean images alone and says what it did', async () => {
  const { model, backdoor } = await plantBackdoor(task);
  const clean = drawClean(data.train, { ratio: 0.5, seed: 1 });
  assert.deepEqual([...clean.labels], [...Array(20).fill(0), ...Array(20).fill(1), ...Array(20).fill(2)]);
  assert.deepEqual(drawClean(data.train, { ratio: 0.5, seed: 1 }), clean);
  const options = { epochs: 2, batch_size: 20, lr: 0.05 };
  const phases = new Set<string>();
  const repaired = await repairModel(
    { engine, model, clean, defense: ft, options, seed: 1 },
    { progress: ({ phase }) => phases.add(phase) },
  );
  assert.deepEqual([...phases], ['fine-tune']);
  assert.notDeepEqual(encodeClassifier(repaired.model), encodeClassifier(model));
  const { method, title, options: recorded } = repaired.record;
  assert.deepEqual([method, title, recorded.epochs, recorded.sgd_momentum], ['ft', 'FT', 2, 0.9]);
  const again = await repairModel({ engine, model, clean, defense: ft, options, seed: 1 });
  assert.deepEqual(encodeClassifier(again.model), encodeClassifier(repaired.model));

  const plain = await evaluateModel({ engine, model: repaired.model, test: data.test });
  assert.deepEqual(Object.keys(plain), ['acc', 'images']);
  const { acc, asr = -1, ra = -1 } = await evaluateModel({ engine, model: repaired.model, test: data.test, backdoor });
  assert.equal(acc, plain.acc);
  assert.ok(asr >= 0 && ra >= 0 && asr + ra <= 1);
});

test('what does not fit is refused before anything is trained', async () => {
  const refused = async (work: Promise<unknown>, problem: RegExp) =>
    assert.rejects(work, (error) => error instanceof UserError && problem.test(error.message));
  const phases: string[] = [];
  const control = { progress: ({ phase }: { phase: string }) => phases.push(phase) };
  await refused(plantBackdoor({ ...task, attackOptions: { attack_target: 3 } }, control), /target label 3 is out of range/);
  await refused(plantBackdoor({ ...task, training: { lr: -1 } }, control), /option lr of training is -1/);
  const { model } = await plantBackdoor({ ...task, training: { ...training, epochs: 1 } });
  const four = madeUpDataset(5, 4, [1, 8, 8]);
  const wide = madeUpDataset(5, 3, [1, 8, 9]);
  const repair = (clean: Dataset) => repairModel({ engine, model, clean, defense: ft }, control);
  await refused(repair(four), /has 3 classes, but made-up has 4; use the data set/);
  await refused(repair(wide), /takes images of 1 x 8 x 8, but those of made-up are 1 x 8 x 9/);
  assert.throws(() => drawClean(data.train, { ratio: 0 }), /option ratio of the clean images is 0/);
  assert.deepEqual(phases, []);
});

test('pictures are drawn by the seed, class by class, and survive their file', async () => {
  const { model, backdoor } = await plantBackdoor({ ...task, training: { ...training, epochs: 1 } });
  const take = (seed: number, count = 5) => takePictures({ engine, test: data.test, backdoor, models: { before: model }, seed, count });
  const pictures = await take(1);
  // The target class, 1, is not attacked.
  assert.deepEqual(
    pictures.samples?.map(({ label }) => label).filter((label) => label === 1),
    [],
  );
  const zeros = pictures.samples?.filter(({ label }) => label === 0).length;
  assert.ok(zeros === 2 || zeros === 3, 'both attacked classes have their share');
  for (const { predictions } of pictures.samples ?? []) {
    const { label = -1, confidence = -1 } = predictions.before?.triggered ?? {};
    assert.ok(label >= 0 && label < 3 && confidence >= 1 / 3 && confidence <= 1);
  }
  assert.deepEqual(await take(1), pictures);
  assert.notDeepEqual(await take(2), pictures);
  assert.equal((await take(1, 1000)).samples?.length, 20);
  assert.deepEqual(decodePictures(encodePictures(pictures), 'p.json'), JSON.parse(JSON.stringify(pictures), revive));
});

/** Typed arrays become objects in JSON. */
function revive(_key: string, value: unknown): unknown {
  const bytes = typeof value === 'object' && value !== null && '0' in value && !Array.isArray(value);
  return bytes ? Uint8Array.from(Object.values(value)) : value;
}

test('a damaged file of pictures is a user error', () => {
  for (const text of [
    '',
    '{',
    '[]',
    '{"version":2}',
    '{"version":1,"samples":[{}]}',
    '{"version":1,"trigger":{"clean":"?","triggered":"","difference":""}}',
  ]) {
    assert.throws(
      () => decodePictures(text, 'p.json'),
      (error) => error instanceof UserError && /^p\.json does not hold pictures: /.test(error.message),
      text,
    );
  }
});
