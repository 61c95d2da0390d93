import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Random } from '../core/random.js';
import { float32 } from '../core/tensor.js';
import { convLayers } from '../nn/feature-maps.js';
import type { Engine } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { shortcutClassifier } from '../testing/shortcut.js';
import { responses, withPseudoTrigger } from './fmp/response.js';
import { invertTriggers } from './inversion.js';

const classifier = shortcutClassifier();

/** Four grey images without a bright corner. */
const images = float32(
  [4, 1, 8, 8],
  Array.from({ length: 4 * 64 }, (_, i) => (i % 64 === 63 ? 0 : 0.2 + 0.2 * Math.floor(i / 64))),
);

describe('trigger inversion', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());

  const invert = (seed: number) =>
    invertTriggers(engine, classifier, images, { steps: 80, rate: 0.2, sparsity: 0.05, random: new Random(seed) });

  it('finds the class with a shortcut, and the pixel that it hangs on', async () => {
    const triggers = await invert(1);
    assert.deepEqual(
      triggers.map(({ target }) => target),
      [0, 1, 2],
    );
    const { mask, pattern, size, loss } = triggers[2];
    assert.ok(loss < 0.1, `loss ${loss}`);
    assert.ok(size < 3, `size ${size}`);
    assert.ok(Math.min(triggers[0].size, triggers[1].size) > 2 * size, `sizes ${triggers.map((trigger) => trigger.size)}`);
    assert.equal(mask.data.indexOf(Math.max(...mask.data)), 63);
    assert.ok(pattern.data[63] > 0.9);
  });

  it('gives the same patches for the same seed', async () => {
    assert.deepEqual(await invert(3), await invert(3));
  });

  it('lays a patch over images', () => {
    const mask = float32([1, 1, 2], [0.25, 1]);
    const pattern = float32([2, 1, 2], [1, 0.5, 0, 1]);
    const two = float32([1, 2, 1, 2], [0.4, 0.4, 0.8, 0.8]);
    const changed = withPseudoTrigger(two, { target: 0, mask, pattern, size: 1.25, loss: 0 });
    [0.55, 0.5, 0.6, 1].forEach((value, i) => {
      assert.ok(Math.abs(changed.data[i] - value) < 1e-6);
    });
  });

  it('measures responses in standard deviations of each map', async () => {
    const changed = float32(
      images.dims,
      images.data.map((pixel, i) => (i % 64 === 63 ? 0.9 : pixel)),
    );
    const found = await responses(engine, classifier, convLayers(classifier.graph), images, changed);
    const mean = images.data.reduce((sum, value) => sum + value, 0) / images.data.length;
    const deviation = Math.sqrt(images.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / images.data.length);
    [0.9 / deviation, 0.9 / deviation, 0].forEach((value, channel) => {
      assert.ok(Math.abs(found.conv[channel] - value) < 1e-3, `map ${channel}: ${found.conv[channel]} instead of ${value}`);
    });
  });
});
