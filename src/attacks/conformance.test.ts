import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { Random } from '../core/random.js';
import { type Dataset, imageAt, sizeOfDataset } from '../data/dataset.js';
import { madeUpDataset } from '../testing/dataset.js';
import type { Attack } from './attack.js';
import { attackedLabel } from './label-map.js';
import { attacks, findAttack, triggerFrom } from './registry.js';
import { triggeredTestSet } from './triggered.js';

/** What the table holds of an attack: options that each make a case of its own, and options that it must refuse. */
interface Row {
  readonly accepted: readonly Readonly<Record<string, unknown>>[];
  /** By the schema. */
  readonly refused: readonly Readonly<Record<string, unknown>>[];
  /** SHA-256 of what the trigger of the first case makes of {@link noise}, seed 7. */
  readonly digest: string;
}

const wrongRatios = [{ pratio: 0 }, { pratio: 1.1 }, { pratio: 'all' }, { attack_target: -1 }, { attack_target: 1.5 }];
const wrongLabels = [...wrongRatios, { attack_label_trans: 'one2all' }];

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
  wanet: {
    accepted: [{}, { attack_label_trans: 'all2all', k: 6 }, { cross_ratio: 0, s: 1 }],
    refused: [...wrongLabels, { k: 1 }, { s: 0 }, { grid_rescale: 0 }, { cross_ratio: -1 }],
    digest: 'd6f9814ca1422918a75ffb0d6d37082c5652d27be6e848619ca18be6ad071ba5',
  },
};

/** Images of made-up noise, so that whatever moves, blends or filters shows. */
function noise(perClass: number, classes: number, imageShape: readonly [number, number, number]): Dataset {
  const made = madeUpDataset(perClass, classes, imageShape);
  return { ...made, images: made.images.map((_, i) => Math.imul(i + 1, 2654435761) >>> 24) };
}

const train = noise(10, 4, [3, 32, 32]);
const small = noise(10, 4, [1, 28, 28]);

const run = (attack: Attack, options: Readonly<Record<string, unknown>>, seed = 7, data = train) =>
  attack.poison(data, attack.options.parse(options), new Random(seed));

test('the table has a row for every attack', () => {
  assert.deepEqual(Object.keys(rows).sort(), attacks.map(({ name }) => name).sort());
});

for (const [name, row] of Object.entries(rows)) {
  const attack = findAttack(name);
  describe(attack.title, () => {
    test('says what it is, and every option has a default and a description', () => {
      for (const text of [attack.summary, attack.paper.title, attack.paper.authors, attack.paper.venue]) assert.ok(text.length > 3);
      assert.ok(['data', 'training'].includes(attack.threat));
      for (const [option, field] of Object.entries(attack.options.shape)) assert.ok(field.description, option);
      assert.ok(attack.options.safeParse({}).success);
    });

    test('refuses options that make no sense', async () => {
      for (const options of row.refused) assert.equal(attack.options.safeParse(options).success, false, JSON.stringify(options));
      await assert.rejects(run(attack, { attack_target: 4 }), UserError);
      await assert.rejects(run(attack, { pratio: 0.001 }), UserError);
    });

    for (const options of row.accepted) {
      test(`poisons what it says, and nothing else: ${JSON.stringify(options)}`, async () => {
        const images = train.images.slice();
        const labels = train.labels.slice();
        const poisoned = await run(attack, options);
        assert.deepEqual(train.images, images, 'the clean images are left alone');
        assert.deepEqual(train.labels, labels, 'the clean labels are left alone');
        const pratio = (options.pratio as number | undefined) ?? attack.options.parse({}).pratio;
        assert.equal(poisoned.indices.length, Math.round((pratio as number) * sizeOfDataset(train)));
        const cross = poisoned.cross ?? new Int32Array(0);
        assert.equal(new Set([...poisoned.indices, ...cross]).size, poisoned.indices.length + cross.length);
        for (const positions of [poisoned.indices, cross]) assert.deepEqual(positions, positions.slice().sort());
        assert.deepEqual(poisoned.train.imageShape, train.imageShape);
        assert.equal(poisoned.train.images.length, train.images.length);
        for (let i = 0; i < sizeOfDataset(train); i++) {
          const changed: boolean = poisoned.indices.includes(i);
          const expected: number = changed ? attackedLabel(train.labels[i], poisoned.labelMap, 4) : train.labels[i];
          assert.equal(poisoned.train.labels[i], expected, `label ${i}`);
          const same = Buffer.compare(imageAt(train, i), imageAt(poisoned.train, i)) === 0;
          assert.equal(same, !changed && !cross.includes(i), `image ${i}`);
        }
      });

      test(`is the same for the same seed: ${JSON.stringify(options)}`, async () => {
        const poisoned = await run(attack, options);
        const again = await run(attack, options);
        assert.deepEqual(again.train, poisoned.train);
        assert.deepEqual(again.indices, poisoned.indices);
        assert.deepEqual(again.trigger.description, poisoned.trigger.description);
        assert.notDeepEqual((await run(attack, options, 8)).indices, poisoned.indices);
      });

      test(`makes its trigger again from JSON: ${JSON.stringify(options)}`, async () => {
        for (const data of [train, small]) {
          const { trigger, labelMap } = await run(attack, options, 7, data);
          const again = triggerFrom(JSON.parse(JSON.stringify(trigger.description)));
          assert.deepEqual(again.description, trigger.description);
          const [expected, found] = [trigger, again].map((each) => triggeredTestSet(data, { trigger: each, labelMap }));
          assert.deepEqual(found, expected);
          for (let i = 0; i < expected.indices.length; i++) {
            assert.notDeepEqual(imageAt(expected.dataset, i), imageAt(data, expected.indices[i]), 'the trigger shows');
          }
          assert.throws(() => again.apply(new Uint8Array(5)), /made for images of .*, but this one has 5 values/);
        }
      });
    }

    test('refuses a description that was tampered with', async () => {
      const { description } = (await run(attack, {})).trigger;
      for (const key of Object.keys(description)) {
        const { [key]: _, ...without } = description;
        for (const wrong of [without, { ...description, [key]: null }, { ...description, [key]: [] }, { ...description, extra: 1 }]) {
          assert.throws(
            () => triggerFrom(wrong),
            (error) => error instanceof UserError && !error.message.includes('\n'),
            `${key}: ${JSON.stringify(wrong)}`,
          );
        }
      }
    });

    test('makes known bytes of a known image', async () => {
      const { trigger } = await run(attack, row.accepted[0]);
      assert.equal(await sha256(Uint8Array.from(trigger.apply(imageAt(train, 1)))), row.digest);
    });
  });
}
