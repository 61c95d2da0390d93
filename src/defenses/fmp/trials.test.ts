import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../core/random.js';
import { float32 } from '../../core/tensor.js';
import { convLayers } from '../../nn/feature-maps.js';
import { preActResNet } from '../../nn/preactresnet.js';
import type { Engine } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { patch } from '../inversion/families/patch.js';
import type { PseudoTrigger } from '../inversion/pseudo-trigger.js';
import { prune } from '../prune.js';
import { fmpOptions } from './options.js';
import { tryTunings, withTuning } from './trials.js';

const clean = madeUpDataset(20, 3, [1, 8, 8]);
const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1], seed: 5 });
const pruned = prune(model, convLayers(model.graph), {});
const trigger = {
  family: patch,
  target: 1,
  parameters: { mask: float32([1, 8, 8], new Float32Array(64)), pattern: float32([1, 8, 8], new Float32Array(64)) },
} as unknown as PseudoTrigger;

describe('trials of the fine-tuning', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());

  const search = (given: object, images = clean, triggers = [trigger]) =>
    tryTunings(pruned, images, triggers, fmpOptions.parse({ batch_size: 16, epochs: 1, ...given }), { engine, random: new Random(1) });

  it('goes down with the rate as long as that does better', async () => {
    const given = { lr: 30, lr_trials: 6, epochs: 3, unlearn_success: 1 };
    const { lr, unlearn, trials } = await search(given);
    assert.ok(trials.length > 2 && trials.length <= 6);
    for (const [i, trial] of trials.entries()) assert.ok(Math.abs(trial.lr / (30 / Math.sqrt(10) ** i) - 1) < 1e-12);
    const rises = trials.slice(1).map(({ accuracy }, i) => trials[i].accuracy === 0 || accuracy > trials[i].accuracy + 2 * trials[i].error);
    assert.ok(trials[0].accuracy === 0 && trials.at(-1)?.accuracy !== 0);
    if (trials.length < 6) assert.equal(rises.pop(), false);
    assert.ok(rises.every(Boolean));
    assert.equal(lr, trials[rises.length].lr);
    assert.equal(unlearn, 0.2);
    assert.deepEqual(await search(given), { lr, unlearn, trials });
  });

  it('does not go down for what may be chance', async () => {
    const { lr, trials } = await search({ lr: 1, lr_trials: 6, epochs: 2, unlearn_success: 1 }, madeUpDataset(60, 3, [1, 8, 8]));
    const [first, second] = trials;
    assert.equal(trials.length, 2);
    assert.ok(second.accuracy > first.accuracy && second.accuracy < first.accuracy + 2 * first.error);
    assert.equal(lr, 1);
  });

  it('takes more copies until the change is followed by few', async () => {
    // A change of nothing, so that success is how often the untrained network says 1: whatever it is, none is below zero.
    const { unlearn, trials } = await search({ lr_trials: 2, unlearn_success: 0 });
    const shares = trials.map((trial) => trial.unlearn);
    const [last] = trials.slice(-1);
    assert.equal(unlearn, last.success === 0 ? last.unlearn : 1);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    for (const trial of trials.slice(2, -1)) assert.ok(trial.success > 0);
  });

  it('counts a training that diverges as worth nothing, and goes on', async () => {
    const { trials } = await search({ lr: 1e38, lr_trials: 3, unlearn_success: 1 });
    assert.deepEqual(
      trials.map(({ accuracy, success }) => ({ accuracy, success })),
      new Array(3).fill({ accuracy: 0, success: 1 }),
    );
  });

  it('takes the options as given where there is nothing to choose', async () => {
    const none = { lr: 0.01, unlearn: 0.2, trials: [] };
    assert.deepEqual(await search({ lr_trials: 1 }), none);
    assert.deepEqual(await search({ unlearn: 0 }), { ...none, unlearn: 0 });
    assert.deepEqual(await search({ epochs: 0 }), none);
    assert.deepEqual(await search({}, clean, []), none);
    assert.deepEqual(await search({}, madeUpDataset(1, 3, [1, 8, 8])), none);
  });

  it('keeps the course of the rate', () => {
    const { lr, lr_min, unlearn } = withTuning(fmpOptions.parse({ lr: 0.1, lr_min: 0.01 }), { lr: 0.02, unlearn: 0.5 });
    assert.deepEqual([lr, unlearn], [0.02, 0.5]);
    assert.ok(Math.abs(lr_min - 0.002) < 1e-15);
  });
});
