import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from '../../core/random.js';
import { preActResNet } from '../../nn/preactresnet.js';
import { createEngine } from '../../runtime/node/engine.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { correctedChances } from './beyond-doubt.js';
import { fmp } from './index.js';
import { higherCluster } from './two-means.js';

describe('two means', () => {
  test('give the higher of two clusters', () => {
    assert.deepEqual(higherCluster([0.1, 0.9, 0.12, 0.95, 0.11, 0.09]), [1, 3]);
    assert.deepEqual(higherCluster([5, 1, 1, 1, 1, 1]), [0]);
    assert.deepEqual(higherCluster([1, 5, 5, 5]), [1, 2, 3]);
  });

  test('find nothing where there is nothing to split, and leave equal numbers together', () => {
    assert.deepEqual(higherCluster([2, 2, 2]), []);
    assert.deepEqual(higherCluster([7]), []);
    assert.deepEqual(higherCluster([1, 2, 2, 2]), [1, 2, 3]);
  });

  test('are the best split there is', () => {
    const random = new Random(2);
    const spread = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    };
    for (let round = 0; round < 20; round++) {
      const values = Array.from({ length: 7 }, () => random.normal());
      const chosen = new Set(higherCluster(values));
      const cost = spread(values.filter((_, i) => chosen.has(i))) + spread(values.filter((_, i) => !chosen.has(i)));
      for (let subset = 1; subset < 127; subset++) {
        const [inside, outside] = [1, 0].map((bit) => values.filter((_, i) => ((subset >> i) & 1) === bit));
        assert.ok(cost <= spread(inside) + spread(outside) + 1e-12);
      }
    }
  });
});

describe('the corrected chance', () => {
  const fate = (accuracy: number, images = 100) => ({ accuracy, images, loss: 0, collapse: 0 });

  test('is the binomial tail times the number of maps', () => {
    const layer = [...new Array(9).fill(fate(0.9)), fate(0.6)];
    const chances = correctedChances({ conv: layer }).conv;
    // P(X >= 40) of Binomial(100, 0.1), summed up.
    let tail = 0;
    let term = 0.9 ** 100;
    for (let k = 0; k <= 100; k++) {
      if (k >= 40) tail += term;
      term *= ((100 - k) / (k + 1)) * (0.1 / 0.9);
    }
    assert.ok(Math.abs(chances[9] - 10 * tail) <= 1e-6 * tail * 10, `${chances[9]} instead of ${10 * tail}`);
    assert.ok(chances.slice(0, 9).every((chance) => chance === 1));
  });

  test('is seldom small where all maps are alike, and small for a map that is worse', () => {
    const random = new Random(5);
    const draw = (wrong: number) => {
      let hits = 0;
      for (let image = 0; image < 128; image++) if (random.uniform() >= wrong) hits++;
      return fate(hits / 128, 128);
    };
    let mistaken = 0;
    let found = 0;
    for (let round = 0; round < 200; round++) {
      const layer = Array.from({ length: 32 }, (_, map) => draw(map === 7 ? 0.6 : 0.2));
      const { conv } = correctedChances({ conv: layer });
      if (conv.some((chance, map) => map !== 7 && chance < 0.05)) mistaken++;
      if (conv[7] < 0.05) found++;
    }
    assert.ok(mistaken <= 20, `${mistaken} of 200 rounds`);
    assert.ok(found >= 198, `${found} of 200 rounds`);
  });

  test('of a layer that is always right is 1', () => {
    assert.deepEqual(correctedChances({ conv: [fate(1), fate(1)] }).conv, [1, 1]);
  });
});

describe('fmp', () => {
  const clean = madeUpDataset(16, 3, [1, 8, 8]);
  const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1], seed: 5 });
  const small = { ranking: 'accuracy', scan_images: 12, eps: 0.3, alpha: 0.1, epochs: 0, batch_size: 12 };

  test('prunes by two means, and by binomial tests only where there is an accuracy to test', async () => {
    const engine = await createEngine({ device: 'cpu', threads: 1 });
    const context = { engine, random: new Random(1) };
    const run = (given: object) => fmp.repair({ model, clean }, fmp.options.parse({ ...small, ...given }), context);
    try {
      const clustered = await run({ selection: 'two-means' });
      for (const [layer, maps] of Object.entries(clustered.maps ?? {})) {
        assert.deepEqual(clustered.pruned[layer], higherCluster(maps.map(({ suspicion }) => suspicion)).slice(0, maps.length - 1));
      }
      const tested = await run({ selection: 'binomial', selection_error: 0.9 });
      for (const [layer, maps] of Object.entries(tested.maps ?? {})) {
        assert.deepEqual(
          tested.pruned[layer],
          maps.filter(({ chance }) => (chance as number) < 0.9).map(({ channel }) => channel),
        );
      }
      assert.match(tested.rule, /exact binomial tests, corrected after Holm/);
      await assert.rejects(
        run({ selection: 'binomial', ranking: 'response' }),
        /selection 'binomial' tests accuracies.*choose --ranking accuracy/,
      );
    } finally {
      await engine.close();
    }
  });
});
