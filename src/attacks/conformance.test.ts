import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { Random } from '../core/random.js';
import { tensor } from '../core/tensor.js';
import { batches } from '../data/batches.js';
import { type Dataset, imageAt, sizeOfDataset } from '../data/dataset.js';
import { preActResNet } from '../nn/preactresnet.js';
import type { Tensors } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { noisyDataset } from '../testing/dataset.js';
import { sgd } from '../train/optimizers/sgd.js';
import { constantRate } from '../train/schedules.js';
import { type Attack, type Poisoned, type PoisonedData, type PoisonedTraining, type Trigger, threats } from './attack.js';
import { attackedLabel } from './label-map.js';
import { attacks, findAttack, triggerFrom } from './registry.js';
import { triggeredTestSet } from './triggered.js';

/** What the table holds of an attack: options that each make a case of its own, and options that it must refuse. */
interface Row {
  readonly accepted: readonly Readonly<Record<string, unknown>>[];
  /** By the schema. */
  readonly refused: readonly Readonly<Record<string, unknown>>[];
  /** What stands for what the attack would prepare when the digest is taken, as that may differ in its last digits from one processor to another. */
  readonly prepared?: Tensors;
  /** SHA-256 of what the trigger of the first case makes of a known image, seed 7; absent where a network makes it. */
  readonly digest?: string;
}

const wrongRatios = [{ pratio: 0 }, { pratio: 1.1 }, { pratio: 'all' }, { attack_target: -1 }, { attack_target: 1.5 }];
const wrongLabels = [...wrongRatios, { attack_label_trans: 'one2all' }];

/** A pattern for images of 3 x 32 x 32. */
const ramp = tensor(
  'uint8',
  [3, 32, 32],
  Uint8Array.from({ length: 3072 }, (_, i) => i % 52),
);

const rows: Readonly<Record<string, Row>> = {
  badnets: {
    accepted: [{}, { attack_label_trans: 'all2all' }, { pattern: 'grid', patch_position: 'top-left' }],
    refused: [...wrongLabels, { patch_size: 0 }, { patch_value: 256 }],
    digest: 'eebc49a0f541c7e037015929db17f81e978e582054a225bee7d89dac1f401938',
  },
  blended: {
    accepted: [{}, { attack_label_trans: 'all2all', trigger_picture: 'noise' }, { attack_test_blended_alpha: 0.3 }],
    refused: [...wrongLabels, { attack_train_blended_alpha: 0 }, { attack_test_blended_alpha: 1.1 }, { trigger_picture: 'cat' }],
    digest: 'c798eaeab88b5967d2fd144361947383d9e427cd95445860e3aed7ef7e5b4a19',
  },
  sig: {
    accepted: [{}, { clean_label: false, pratio: 0.3 }, { sig_delta: 10, sig_f: 2 }],
    refused: [...wrongRatios, { clean_label: 1 }, { sig_delta: 0 }, { sig_delta: 256 }, { sig_f: 0 }],
    digest: '970470bac7adfaca60d18b81547f7bc6b3dfc7242dab662928b7fa2e72c183d9',
  },
  ftrojan: {
    accepted: [{}, { attack_label_trans: 'all2all', magnitude: 100 }, { window_size: 16 }],
    refused: [...wrongLabels, { magnitude: 0 }, { window_size: 1 }],
    digest: 'b2fa2326b2826aab0e47c1b13acfb87a246984b767032682a2aaffda702f4f3b',
  },
  lf: {
    accepted: [
      { lf_images: 8, lf_passes: 2 },
      { lf_images: 4, lf_passes: 1, lf_strength: 0.1, attack_label_trans: 'all2all' },
    ],
    refused: [...wrongLabels, { lf_strength: 0 }, { lf_images: 0 }, { lf_passes: 0 }, { lf_fooling_rate: 0 }],
    prepared: { pattern: ramp },
    digest: 'a2c2dc759a2a9bedc021213f91b75deba999edbe061b9779190416d77f60d735',
  },
  trojannn: {
    accepted: [{ mask_update_iters: 3 }, { mask_update_iters: 2, num_neuron: 1, overflow: 'clip', attack_label_trans: 'all2all' }],
    refused: [...wrongLabels, { num_neuron: 0 }, { neuron_target_values: 0 }, { mask_update_iters: 0 }, { overflow: 'saturate' }],
    prepared: { pattern: ramp },
    digest: '2b83ae9e66be854d3947f182c85e0799b28d796c61dc4cf2134b56ac9f057267',
  },
  lc: {
    accepted: [{ lc_steps: 2 }, { lc_steps: 1, pratio: 0.2, reduced_amplitude: 0.5, lc_eps: 16, attack_target: 3 }],
    refused: [...wrongRatios, { reduced_amplitude: 0 }, { reduced_amplitude: 1.1 }, { lc_eps: -1 }, { lc_alpha: 0 }, { lc_steps: 0 }],
    prepared: { images: tensor('uint8', [4, 3, 32, 32], new Uint8Array(4 * 3072)) },
    digest: '08e87b0fe42f8a4b6b662bca14aaa37c019cac3a47b301a602cbdabf116e387f',
  },
  ssba: {
    accepted: [{ encoder_epochs: 1, encoder_batch_size: 18, secret_bits: 4 }],
    refused: [...wrongLabels, { secret_bits: 0 }, { encoder_epochs: 0 }, { encoder_batch_size: 0 }, { encoder_lr: 0 }, { l2_loss_ramp: 0 }],
  },
  inputaware: {
    accepted: [{ clean_train_epochs: 1, mask_batch_size: 20 }],
    refused: [...wrongLabels, { lr_G: 0 }, { lr_M: 0 }, { lambda_norm: -1 }, { mask_density: 1.1 }, { clean_train_epochs: 0 }],
  },
  bpp: {
    accepted: [{}, { attack_label_trans: 'all2all', dithering: true }, { squeeze_num: 16, neg_ratio: 0 }],
    refused: [...wrongLabels, { squeeze_num: 1 }, { squeeze_num: 256 }, { neg_ratio: 1.1 }],
    digest: '807ddc284323009909f2f95aa867b51d8b01aa8b4dc1d35e8e5ae058ce23ef24',
  },
  wanet: {
    accepted: [{}, { attack_label_trans: 'all2all', k: 6 }, { cross_ratio: 0, s: 1 }],
    refused: [...wrongLabels, { k: 1 }, { s: 0 }, { grid_rescale: 0 }, { cross_ratio: -1 }],
    digest: 'd6f9814ca1422918a75ffb0d6d37082c5652d27be6e848619ca18be6ad071ba5',
  },
};

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

test('the table has a row for every attack', () => {
  assert.deepEqual(Object.keys(rows).sort(), attacks.map(({ name }) => name).sort());
});

for (const [name, row] of Object.entries(rows)) {
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
