import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../core/random.js';
import { float32 } from '../../core/tensor.js';
import { preActResNet } from '../../nn/preactresnet.js';
import type { Engine } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { patch } from '../inversion/families/patch.js';
import type { PseudoTrigger } from '../inversion/pseudo-trigger.js';
import { fmp } from './index.js';
import { withTriggeredCopies } from './unlearn.js';

const clean = madeUpDataset(16, 3, [1, 8, 8]);

describe('unlearning', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());

  it('adds copies of images of other classes, with the changes found and their true labels', async () => {
    const full = (value: number) => float32([1, 8, 8], new Float32Array(64).fill(value));
    const white = { family: patch, target: 1, parameters: { mask: full(100), pattern: full(100) } } as unknown as PseudoTrigger;
    const black = { ...white, parameters: { mask: full(100), pattern: full(-100) } };
    const taught = await withTriggeredCopies(engine, clean, [white, black], 0.25, new Random(1));
    const size = clean.labels.length;
    assert.equal(taught.labels.length, size + 12);
    assert.deepEqual(taught.images.subarray(0, size * 64), clean.images);
    assert.deepEqual(taught.labels.subarray(0, size), clean.labels);
    assert.ok(taught.images.subarray(size * 64, (size + 6) * 64).every((pixel) => pixel === 255));
    assert.ok(taught.images.subarray((size + 6) * 64).every((pixel) => pixel === 0));
    assert.ok(taught.labels.subarray(size).every((label) => label !== 1));
  });

  it('puts no trigger on images of its own class, whichever class that is', async () => {
    const full = (value: number) => float32([1, 8, 8], new Float32Array(64).fill(value));
    const triggers = [0, 1, 2].map((target) => {
      return { family: patch, target, parameters: { mask: full(100), pattern: full(40 * target - 40) } } as unknown as PseudoTrigger;
    });
    const taught = await withTriggeredCopies(engine, clean, triggers, 0.5, new Random(1));
    const [size, each] = [clean.labels.length, 8];
    assert.equal(taught.labels.length, size + 3 * each);
    for (const target of [0, 1, 2]) {
      const first = size + target * each;
      assert.ok(taught.labels.subarray(first, first + each).every((label) => label !== target));
      assert.ok(taught.images.subarray(first * 64, (first + each) * 64).every((pixel) => pixel === [0, 128, 255][target]));
    }
  });

  it('leaves the images alone where no change was found or none is wanted', async () => {
    assert.equal(await withTriggeredCopies(engine, clean, [], 0.25, new Random(1)), clean);
    assert.equal(await withTriggeredCopies(engine, clean, [{} as PseudoTrigger], 0, new Random(1)), clean);
  });

  it('is part of a repair that looks for triggers, which says so', async () => {
    const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1], seed: 5 });
    const given = {
      scan_images: 12,
      trigger_images: 6,
      trigger_steps: 2,
      trigger_families: ['patch'],
      epochs: 1,
      batch_size: 16,
      lr_trials: 1,
    };
    const repair = (unlearn: number) =>
      fmp.repair({ model, clean }, fmp.options.parse({ ...given, unlearn }), { engine, random: new Random(1) });
    const [without, taught] = [await repair(0), await repair(0.5)];
    assert.match(taught.rule, /added 0\.5 times as many copies .* of patch to class \d/);
    assert.doesNotMatch(without.rule, /copies/);
    assert.deepEqual(taught.pruned, without.pruned);
    assert.notDeepEqual(taught.model.graph.initializers, without.model.graph.initializers);
  });
});
