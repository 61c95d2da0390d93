import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Attack } from '../attacks/attack.js';
import { badnets } from '../attacks/badnets.js';
import { UserError } from '../core/errors.js';
import { Random } from '../core/random.js';
import { float32 } from '../core/tensor.js';
import { noEngine } from '../testing/attack-context.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { madeUpDataset } from '../testing/dataset.js';
import { type PreparationCache, prepareAttack } from './preparation.js';

const train = madeUpDataset(4, 3, [1, 2, 2]);
let made = 0;
const options = z.object({ strength: z.number().default(1), pratio: z.number().default(0.1) });
const attack: Attack<typeof options> = {
  ...badnets,
  name: 'test',
  title: 'Test',
  options,
  preparation: {
    options: ['strength'],
    needsModel: true,
    async prepare(_, { strength }, { random }) {
      made++;
      return { pattern: float32([2], [strength, random.uniform()]) };
    },
  },
  poison: () => assert.fail(),
};

function memory(): PreparationCache & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    nameOf: (key) => key,
    load: async (key) => kept.get(key),
    save: async (key, bytes) => {
      kept.set(key, bytes);
    },
  };
}

const model = brightnessClassifier(3, [1, 2, 2]);
const prepare = (given: object, cache?: PreparationCache, seed = 1, clean = model) =>
  prepareAttack(attack as unknown as Attack, train, options.parse(given), {
    engine: noEngine,
    random: new Random(seed),
    seed,
    cache,
    model: clean,
  });

test('what was prepared is kept, and made again only where something that matters has changed', async () => {
  const cache = memory();
  made = 0;
  const first = await prepare({}, cache);
  const again = await prepare({ pratio: 0.5 }, cache);
  assert.equal(made, 1, 'the poison ratio does not matter');
  assert.deepEqual(again, first);
  await prepare({ strength: 2 }, cache);
  await prepare({}, cache, 2);
  const other = { ...model, graph: { ...model.graph, nodes: model.graph.nodes.map((node) => ({ ...node, name: `${node.name}!` })) } };
  await prepare({}, cache, 1, other);
  assert.equal(made, 4);
  assert.equal(cache.kept.size, 4);
  assert.deepEqual((await prepare({}))?.tensors, first?.tensors, 'without a cache it comes out the same');
});

test('attacks that prepare nothing are left alone, and those that need a clean model say so', async () => {
  const context = { engine: noEngine, random: new Random(1), seed: 1 };
  assert.equal(await prepareAttack(badnets as unknown as Attack, train, {}, context), undefined);
  await assert.rejects(
    prepareAttack(attack as unknown as Attack, train, {}, context),
    new UserError("Test starts from a clean model of the same images; train one with 'antidote train', and give it with --clean-model"),
  );
  const unfit = brightnessClassifier(4, [1, 2, 2]);
  await assert.rejects(prepareAttack(attack as unknown as Attack, train, {}, { ...context, model: unfit }), /has 4 classes/);
});
