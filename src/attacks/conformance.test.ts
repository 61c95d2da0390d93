import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { Random } from '../core/random.js';
import { batches } from '../data/batches.js';
import { type Dataset, imageAt, sizeOfDataset } from '../data/dataset.js';
import { preActResNet } from '../nn/preactresnet.js';
import type { Tensors } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { attackCases } from '../testing/attack-cases.js';
import { noisyDataset } from '../testing/dataset.js';
import { sgd } from '../train/optimizers/sgd.js';
import { constantRate } from '../train/schedules.js';
import { type Attack, type Poisoned, type PoisonedData, type PoisonedTraining, type Trigger, threats } from './attack.js';
import { attackedLabel } from './label-map.js';
import { attacks, findAttack, triggerFrom } from './registry.js';
import { triggeredTestSet } from './triggered.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const train = noisyDataset(10, 4, [3, 32, 32]);
const small = noisyDataset(10, 4, [1, 28, 28]);
const BATCH = 20;

/** A network with random weights, for attacks that need one or train one. */
function network({ imageShape, classes }: Dataset) {
  const [mean, std] = [0.5, 0.25].map((value) => new Array<number>(imageShape[0]).fill(value));
  return preActResNet({ imageShape, classes: classes.length, mean, std, width: 4, depths: [1, 1] });
}

/** What was prepared before, by all that it depends on: it takes a while, and two of the tests want it fresh. */
const kept = new Map<string, Promise<Tensors>>();

/** Runs an attack as a job would, but for the training of the network. */
async function run(
  attack: Attack,
  given: Readonly<Record<string, unknown>>,
  { seed = 7, data = train, fresh = false, ready = undefined as Tensors | undefined } = {},
): Promise<Poisoned> {
  const options = attack.options.parse(given);
  const context = { engine, random: new Random(seed) };
  const model = attack.preparation?.needsModel ? network(data) : undefined;
  const prepare = () => attack.preparation?.prepare(data, options, { ...context, model });
  const key = JSON.stringify([attack.name, given, seed, data.imageShape]);
  const before = fresh ? undefined : kept.get(key);
  const made = ready ? undefined : (before ?? prepare());
  if (made) kept.set(key, made);
  return attack.poison(data, options, { ...context, prepared: ready ?? (await made) });
}

/** The trigger; where it comes of the training, after two steps of that. */
async function triggerOf(poisoned: Poisoned, data = train): Promise<Trigger> {
  if (poisoned.kind === 'data') return poisoned.trigger;
  if (poisoned.trigger) return poisoned.trigger;
  const source = poisoned.batches({ batchSize: BATCH, random: new Random(1) });
  const options = { epochs: 1, optimizer: sgd(), schedule: constantRate(0.01) };
  return (await poisoned.train(engine, network(data), source, options)).trigger;
}

const classes = train.classes.length;
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

function checkData(poisoned: PoisonedData, pratio: number): void {
  const { indices, cross = new Int32Array(0), labelMap } = poisoned;
  assert.equal(indices.length, Math.round(pratio * sizeOfDataset(train)));
  assert.equal(new Set([...indices, ...cross]).size, indices.length + cross.length);
  for (const positions of [indices, cross]) assert.deepEqual(positions, positions.slice().sort());
  assert.deepEqual(poisoned.train.imageShape, train.imageShape);
  assert.equal(poisoned.train.images.length, train.images.length);
  for (let i = 0; i < sizeOfDataset(train); i++) {
    const attacked = indices.includes(i);
    const label = attacked ? attackedLabel(train.labels[i], labelMap, classes) : train.labels[i];
    assert.equal(poisoned.train.labels[i], label, `label ${i}`);
    assert.equal(same(imageAt(train, i), imageAt(poisoned.train, i)), !attacked && !cross.includes(i), `image ${i}`);
  }
}

function checkTraining(poisoned: PoisonedTraining, pratio: number): void {
  const share = poisoned.perBatch(BATCH);
  assert.equal(share.poisoned, Math.floor(pratio * BATCH + 1e-9));
  const options = { batchSize: BATCH, random: new Random(1) };
  const clean = [...batches(train, options).epoch(0)];
  const attacked = [...poisoned.batches(options).epoch(0)];
  assert.equal(attacked.length, clean.length);
  const labelsOf = (targets: Float32Array) =>
    Array.from({ length: BATCH }, (_, i) => targets.subarray(i * classes, (i + 1) * classes).indexOf(1));
  attacked.forEach(({ images, targets }, b) => {
    assert.deepEqual(images.dims, clean[b].images.dims);
    const found = labelsOf(targets.data);
    labelsOf(clean[b].targets.data).forEach((label, i) => {
      assert.equal(found[i], i < share.poisoned ? attackedLabel(label, poisoned.labelMap, classes) : label, `label ${i}`);
    });
    const size = images.data.length / BATCH;
    for (let i = 0; i < BATCH; i++) {
      const [before, now] = [clean[b].images, images].map(({ data }) => Buffer.from(data.slice(i * size, (i + 1) * size).buffer));
      // A trigger that is trained along is put on by the network, not here.
      const changed = poisoned.trigger !== undefined && i < share.poisoned + share.cross;
      assert.equal(before.equals(now), !changed, `image ${i}`);
    }
  });
}

test('every attack has a case', () => {
  assert.deepEqual(Object.keys(attackCases).sort(), attacks.map(({ name }) => name).sort());
});

for (const [name, row] of Object.entries(attackCases)) {
  const attack = findAttack(name);
  describe(attack.title, () => {
    test('says what it is, and every option has a default and a description', () => {
      for (const text of [attack.summary, attack.paper.title, attack.paper.authors, attack.paper.venue]) assert.ok(text.length > 3);
      assert.ok(attack.threat in threats);
      for (const [option, field] of Object.entries(attack.options.shape)) assert.ok(field.description, option);
      assert.ok(attack.options.safeParse({}).success);
      for (const option of attack.preparation?.options ?? []) assert.ok(option in attack.options.shape, option);
    });

    test('refuses options that make no sense', async () => {
      for (const options of row.refused) assert.equal(attack.options.safeParse(options).success, false, JSON.stringify(options));
      await assert.rejects(run(attack, { ...row.accepted[0], attack_target: 4 }), UserError);
    });

    for (const options of row.accepted) {
      test(`poisons what it says, and nothing else: ${JSON.stringify(options)}`, async () => {
        const [images, labels] = [train.images.slice(), train.labels.slice()];
        const poisoned = await run(attack, options);
        assert.deepEqual(train.images, images, 'the clean images are left alone');
        assert.deepEqual(train.labels, labels, 'the clean labels are left alone');
        const pratio = Number(attack.options.parse(options).pratio);
        if (poisoned.kind === 'data') checkData(poisoned, pratio);
        else checkTraining(poisoned, pratio);
      });

      test(`is the same for the same seed: ${JSON.stringify(options)}`, async () => {
        const [one, again] = [await run(attack, options), await run(attack, options, { fresh: true })];
        const [trigger, repeated] = [await triggerOf(one), await triggerOf(again)];
        assert.deepEqual(repeated.description, trigger.description);
        assert.deepEqual(repeated.tensors, trigger.tensors);
        if (one.kind === 'training' || again.kind === 'training') return;
        assert.deepEqual(again.train, one.train);
        assert.deepEqual(again.indices, one.indices);
      });

      test(`makes its trigger again from JSON: ${JSON.stringify(options)}`, async () => {
        for (const data of [train, small]) {
          const poisoned = await run(attack, options, { data });
          const trigger = await triggerOf(poisoned, data);
          const again = triggerFrom(JSON.parse(JSON.stringify(trigger.description)), trigger.tensors);
          assert.deepEqual(again.description, trigger.description);
          const { labelMap } = poisoned;
          const expected = await triggeredTestSet(data, { trigger, labelMap }, engine);
          assert.deepEqual(await triggeredTestSet(data, { trigger: again, labelMap }, engine), expected);
          for (let i = 0; i < expected.indices.length; i++) {
            assert.ok(!same(imageAt(expected.dataset, i), imageAt(data, expected.indices[i])), `the trigger shows on image ${i}`);
          }
          await assert.rejects(again.apply(new Uint8Array(5), engine), /made for images of .*, which 5 values do not fill/);
        }
      });
    }

    test('draws other images for another seed', async () => {
      const other = await run(attack, row.accepted[0], {
        seed: 8,
        ready: await kept.get(JSON.stringify([name, row.accepted[0], 7, train.imageShape])),
      });
      const poisoned = await run(attack, row.accepted[0]);
      if (poisoned.kind === 'data' && other.kind === 'data') assert.notDeepEqual(other.indices, poisoned.indices);
    });

    test('refuses a description that was tampered with', async () => {
      const { description, tensors } = await triggerOf(await run(attack, row.accepted[0]));
      for (const key of Object.keys(description)) {
        const { [key]: _, ...without } = description;
        for (const wrong of [without, { ...description, [key]: null }, { ...description, [key]: [] }, { ...description, extra: 1 }]) {
          assert.throws(
            () => triggerFrom(wrong, tensors),
            (error) => error instanceof UserError && !error.message.includes('\n'),
            `${key}: ${JSON.stringify(wrong)}`,
          );
        }
      }
      if (tensors) assert.throws(() => triggerFrom(description), UserError);
    });

    if (row.digest === undefined) return;
    test('makes known bytes of a known image', async () => {
      const trigger = await triggerOf(await run(attack, row.accepted[0], { ready: row.prepared }));
      assert.equal(await sha256(Uint8Array.from(await trigger.apply(imageAt(train, 1), engine))), row.digest);
    });
  });
}
