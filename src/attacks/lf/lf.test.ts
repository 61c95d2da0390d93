import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../../core/random.js';
import { createEngine } from '../../runtime/node/engine.js';
import { attackContext, noEngine } from '../../testing/attack-context.js';
import { brightnessClassifier } from '../../testing/brightness.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { encodeBytes } from '../stored.js';
import { lf } from './index.js';
import { lowPass } from './low-pass.js';
import { findPattern } from './pattern.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

test('the published defaults are the defaults', () => {
  assert.deepEqual(lf.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    lf_strength: 0.2,
    lf_images: 100,
    lf_passes: 50,
    lf_fooling_rate: 0.2,
  });
});

test('the pattern is added, and sums stay below 256', async () => {
  const pattern = encodeBytes(Uint8Array.of(0, 10, 51, 51));
  const trigger = lf.restoreTrigger({ kind: 'lf', imageShape: [1, 2, 2], pattern, overflow: 'clip' });
  assert.deepEqual([...(await trigger.apply(Uint8Array.of(7, 7, 200, 250), noEngine))], [7, 17, 251, 255]);
});

test('the low-pass filter is the Gaussian that its definition gives', () => {
  const shape = [2, 40, 50] as const;
  const impulse = new Float64Array(2 * 40 * 50);
  impulse[50 * 40 + 20 * 50 + 25] = 1;
  const spread = lowPass(impulse, shape);
  const taps = Array.from({ length: 30 }, (_, i) => Math.exp(-((5 * (i - 14.5)) ** 2) / 1800));
  const sum = taps.reduce((a, b) => a + b, 0);
  for (let y = 0; y < 40; y++) {
    for (let x = 0; x < 50; x++) {
      assert.equal(spread[y * 50 + x], 0, 'the other channel stays as it is');
      // Output i reads inputs i - 14 to i + 15.
      const weight = (at: number, from: number) => (taps[from - at + 14] ?? 0) / sum;
      assert.ok(Math.abs(spread[2000 + y * 50 + x] - weight(y, 20) * weight(x, 25)) < 1e-12);
    }
  }
});

/** Energy of differences between neighbours as a share of the variance: near 2 for noise. */
function roughness(plane: ArrayLike<number>, width: number): number {
  const values = Array.from(plane);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const steps = values.reduce((sum, value, i) => (i % width === 0 ? sum : sum + (value - values[i - 1]) ** 2), 0);
  return steps / variance;
}

test('a pattern is smooth, fills its range, is found by the seed, and leads to the target', async () => {
  const made = madeUpDataset(20, 3, [1, 16, 16]);
  const random = new Random(2);
  // Grey images that are nearest to class 1, some of them only just.
  const train = { ...made, images: made.images.map(() => 100 + random.below(80)) };
  const model = brightnessClassifier(3, [1, 16, 16]);
  const search = { target: 2, strength: 0.4, images: 30, passes: 10, foolingRate: 0.5 };
  const context = { ...attackContext(1), engine };
  const rates: number[] = [];
  const pattern = await findPattern(train, search, model, { ...context, progress: ({ figures }) => rates.push(figures?.fooled ?? -1) });
  assert.deepEqual([Math.min(...pattern), Math.max(...pattern)], [0, 102]);
  assert.ok(roughness(pattern, 16) < 0.2, `roughness ${roughness(pattern, 16)}`);
  assert.deepEqual(await findPattern(train, search, model, context), pattern);
  // The mean grey of 140 becomes class 2 from 191 on, so the mean of the pattern must reach about 51.
  const mean = pattern.reduce((sum, value) => sum + value, 0) / pattern.length;
  assert.ok(mean > 51, `mean ${mean}`);
  assert.ok(rates.at(-1) === 1, `fooled ${rates}`);
});

test('the search ends where the rate no longer changes', async () => {
  const train = madeUpDataset(4, 3, [1, 8, 8]);
  let passes = 0;
  const search = { target: 0, strength: 0.01, images: 12, passes: 50, foolingRate: 1 };
  const context = { ...attackContext(1), engine, progress: () => passes++ };
  await findPattern(train, search, brightnessClassifier(3, [1, 8, 8]), context);
  assert.equal(passes, 5);
});
