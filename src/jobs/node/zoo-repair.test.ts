import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../../core/random.js';
import { findDataSource } from '../../data/node/registry.js';
import { stratified } from '../../data/sample.js';
import { defenses } from '../../defenses/registry.js';
import { createEngine } from '../../runtime/node/engine.js';
import { drawClean } from '../clean.js';
import { evaluateModel } from '../evaluate.js';
import { repairModel } from '../repair.js';
import { loadZooBackdoor, loadZooModel } from './zoo.js';

/** A short form of a defence on a backdoor that it can take out, and what must come of it at least. */
interface Case {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** By how much ASR falls, as a share of all triggered images. */
  readonly margin: number;
  /** How much of ACC it may cost. */
  readonly cost: number;
}

/**
 * Fewer epochs, steps and images than the defaults, and higher learning rates, so that all takes less than a minute. That a defence
 * is tried on one model says nothing about the others: docs/zoo.md is no comparison of defences.
 */
const cases: Readonly<Record<string, Case>> = {
  fmp: {
    model: 'mnist-badnets',
    options: { trigger_families: ['patch'], trigger_images: 64, trigger_steps: 60, epochs: 5, lr: 0.05 },
    margin: 0.9,
    cost: 0.03,
  },
  ft: { model: 'mnist-wanet', options: { epochs: 3, lr: 0.1 }, margin: 0.9, cost: 0.02 },
  'ft-sam': { model: 'mnist-wanet', options: { epochs: 3, lr: 0.05 }, margin: 0.9, cost: 0.04 },
  fp: { model: 'mnist-wanet', options: { epochs: 5, lr: 0.1 }, margin: 0.6, cost: 0.03 },
  nad: { model: 'mnist-wanet', options: { te_epochs: 2, epochs: 3, lr: 0.05 }, margin: 0.9, cost: 0.02 },
  nc: { model: 'mnist-lf', options: { nc_images: 40, nc_steps: 50, epochs: 3, lr: 0.05 }, margin: 0.9, cost: 0.03 },
  anp: { model: 'mnist-badnets', options: { iterations: 20, lr: 0.2, batch_size: 128 }, margin: 0.9, cost: 0.12 },
  'i-bau': { model: 'mnist-wanet', options: { lr: 0.001, n_rounds: 2, K: 3, patched: 0.5 }, margin: 0.8, cost: 0.03 },
  // Among the 8 maps of the narrowest layers none can lie more than 2.5 deviations above the mean.
  clp: { model: 'mnist-wanet', options: { u: 2.4 }, margin: 0.9, cost: 0.02 },
  bnp: { model: 'mnist-badnets', options: {}, margin: 0.9, cost: 0.02 },
};

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

describe('a defence takes the backdoor out of a model of the zoo', async () => {
  const data = await findDataSource('mnist').load();
  const images = stratified(data.test, { count: 500 }, new Random(1));
  const clean = drawClean(data.train, { ratio: 1000 / 60_000 });

  test('and each has its case', () => {
    assert.deepEqual(Object.keys(cases).sort(), defenses.map(({ name }) => name).sort());
  });

  for (const defense of defenses) {
    const { model: name, options, margin, cost } = cases[defense.name];
    test(`${defense.title} on ${name}: ASR falls by ${margin} at least`, async () => {
      const reference = `zoo:${name}`;
      const model = await loadZooModel(reference);
      const backdoor = (await loadZooBackdoor(reference))?.backdoor;
      const evaluate = (judged: typeof model) => evaluateModel({ engine, model: judged, test: images, backdoor });
      const before = await evaluate(model);
      const repaired = await repairModel({ engine, model, clean, defense, options });
      const after = await evaluate(repaired.model);
      const told = `ACC ${before.acc} to ${after.acc}, ASR ${before.asr} to ${after.asr}; ${repaired.rule}`;
      assert.ok((before.asr ?? 0) - (after.asr ?? 1) >= margin, told);
      assert.ok(before.acc - after.acc <= cost, told);
    });
  }
});
