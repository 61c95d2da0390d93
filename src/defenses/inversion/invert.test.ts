import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../core/random.js';
import { float32 } from '../../core/tensor.js';
import { convLayers } from '../../nn/feature-maps.js';
import type { Engine } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { shortcutClassifier } from '../../testing/shortcut.js';
import { responses } from '../fmp/response.js';
import { patch } from './families/patch.js';
import { invertTriggers } from './invert.js';
import { withPseudoTrigger } from './pseudo-trigger.js';
import { triggerFamilies } from './registry.js';

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

  const invert = (seed: number, rows = 12) =>
    invertTriggers(engine, classifier, patch, images, { steps: 80, rows, weight: 0.05, random: new Random(seed) });

  it('finds the class with a shortcut, and the pixel that it hangs on', async () => {
    const triggers = await invert(1);
    assert.deepEqual(
      triggers.map(({ target }) => target),
      [0, 1, 2],
    );
    const { parameters, cost, loss, success, objective } = triggers[2];
    assert.ok(loss < 0.1, `loss ${loss}`);
    assert.ok(cost < 3, `size ${cost}`);
    assert.equal(success, 1);
    assert.ok(Math.abs(objective - (loss + 0.05 * cost)) < 1e-6);
    assert.ok(Math.min(triggers[0].cost, triggers[1].cost) > 2 * cost, `sizes ${triggers.map((trigger) => trigger.cost)}`);
    const { mask, pattern } = parameters;
    assert.equal(mask.data.indexOf(Math.max(...mask.data)), 63);
    assert.ok(1 / (1 + Math.exp(-pattern.data[63])) > 0.9);
  });

  it('lowers the objective in every family', async () => {
    for (const family of triggerFamilies) {
      const run = (steps: number) => invertTriggers(engine, classifier, family, images, { steps, rows: 12, random: new Random(1) });
      const [first, last] = [await run(1), await run(40)];
      // A warp moves no brightness to where there is none, so it cannot reach every class.
      const better = last.filter(({ objective }, i) => objective < first[i].objective).length;
      assert.ok(better >= (family.name === 'warp' ? 1 : 3), `${family.name}: ${better} of 3 classes`);
    }
  });

  it('gives the same triggers for the same seed, and nearly so however classes are grouped', async () => {
    assert.deepEqual(await invert(3), await invert(3));
    const [together, alone] = [await invert(3), await invert(3, 4)];
    together.forEach(({ objective }, i) => {
      assert.ok(Math.abs(objective - alone[i].objective) < 0.02, `class ${i}: ${objective} and ${alone[i].objective}`);
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

  it('lays a pseudo-trigger over images', async () => {
    const [trigger] = await invert(1);
    const changed = await withPseudoTrigger(engine, images, trigger);
    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
    changed.data.forEach((pixel, i) => {
      const [mask, pattern] = [trigger.parameters.mask, trigger.parameters.pattern].map(({ data }) => sigmoid(data[i % 64]));
      assert.ok(Math.abs(pixel - ((1 - mask) * images.data[i] + mask * pattern)) < 1e-6);
    });
  });
});
