import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Random } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { portsOf } from '../../nn/classifier.js';
import { convLayers, countMaps } from '../../nn/feature-maps.js';
import { unitPixels } from '../../nn/pixels.js';
import { preActResNet } from '../../nn/preactresnet.js';
import type { Engine } from '../../runtime/engine.js';
import { runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { traceSizes } from '../../runtime/trace.js';
import { madeUpDataset } from '../../testing/dataset.js';
import type { FeatureMap, Repair } from '../defense.js';
import { LayerDisturbance } from './disturb.js';
import { fmp } from './index.js';
import { type ScanImages, scan } from './scan.js';
import { pruneCount, select } from './select.js';
import { strategies } from './strategies/registry.js';

const classes = 3;
const clean = madeUpDataset(16, classes, [1, 8, 8]);
const model = preActResNet({ imageShape: [1, 8, 8], classes, mean: [0.5], std: [0.5], width: 4, depths: [1, 1], seed: 5 });
const layers = convLayers(model.graph);
const small = { hold_masks: true, min_per_layer: 1, scan_images: 12, trigger_images: 6, trigger_steps: 5, epochs: 2, batch_size: 16 };

function imagesOf(count: number): ScanImages {
  return { pixels: unitPixels(clean.images.subarray(0, count * 64), clean.imageShape), labels: clean.labels.slice(0, count) };
}

describe('fmp', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());

  const context = () => ({ engine, random: new Random(1) });
  const options = (given: Record<string, unknown>) => fmp.options.parse({ ...small, ...given });
  const scanWith = (eps: number, alpha: number, steps = 1) =>
    scan(engine, model, layers, imagesOf(12), { eps, alpha, steps, random: new Random(2) });

  it('prunes 75 of the 4,800 maps of PreActResNet18 under the published rule', () => {
    const net = preActResNet({ imageShape: [3, 32, 32], classes: 10, mean: [0, 0, 0], std: [1, 1, 1] });
    const convs = convLayers(net.graph);
    assert.equal(convs.length, 20);
    assert.equal(countMaps(convs), 4800);
    assert.equal(
      convs.reduce((sum, layer) => sum + pruneCount(layer.channels, { p: 64, minPerLayer: 0 }), 0),
      75,
    );
  });

  it('gives every map the clean accuracy when nothing may change', async () => {
    const { pixels, labels } = imagesOf(12);
    const logits = floats((await runOnce(engine, model.graph, { [portsOf(model).input]: pixels }))[portsOf(model).output]);
    const best = (image: number) => [0, 1, 2].reduce((a, b) => (logits[image * 3 + b] > logits[image * 3 + a] ? b : a));
    const accuracy = labels.reduce((hits, label, image) => hits + (best(image) === label ? 1 : 0), 0) / 12;
    for (const [layer, fates] of Object.entries(await scanWith(0, 0))) {
      for (const fate of fates) assert.ok(Math.abs(fate.accuracy - accuracy) < 1e-6, `${layer}: ${fate.accuracy} instead of ${accuracy}`);
    }
  });

  it('covers every map of every layer in forward order', async () => {
    const scanned = await scanWith(0.1, 0.02);
    assert.deepEqual(
      Object.entries(scanned).map(([name, fates]) => [name, fates.length]),
      layers.map((layer) => [layer.name, layer.channels]),
    );
  });

  it('gives the same numbers whatever number of maps go through at once', async () => {
    const few = await scan(engine, model, layers, imagesOf(12), { eps: 0.1, alpha: 0.02, steps: 2, memory: 0.2, random: new Random(2) });
    const many = await scan(engine, model, layers, imagesOf(12), { eps: 0.1, alpha: 0.02, steps: 2, memory: 64, random: new Random(2) });
    for (const [layer, fates] of Object.entries(few)) {
      fates.forEach((fate, channel) => {
        assert.equal(fate.accuracy, many[layer][channel].accuracy);
        assert.ok(Math.abs(fate.loss - many[layer][channel].loss) < 1e-4);
      });
    }
  });

  it('stays within eps of the images and moves along the gradient of the disturbance', async () => {
    const { pixels } = imagesOf(12);
    const layer = layers[3];
    const eps = 0.08;
    const disturbance = await LayerDisturbance.compile(
      engine,
      model,
      layer,
      { group: 2, images: 12 },
      { eps, stepSize: eps, steps: 1 },
      await traceSizes(engine, model.graph, 'N'),
    );
    const start = float32(
      pixels.dims,
      Float32Array.from(pixels.data, (_, i) => (i % 2 ? 0.02 : -0.02)),
    );
    await disturbance.prepare(pixels, start);
    const found = await disturbance.run([1, 3]);
    await disturbance.release();
    assert.ok(found.data.every((change) => Math.abs(change) <= eps + 1e-7));
    for (const [index, channel] of [1, 3].entries()) {
      const size = start.data.length;
      const before = await disturbed(pixels, start.data, layer.output, channel);
      const moved = await disturbed(pixels, found.data.slice(index * size, (index + 1) * size), layer.output, channel);
      assert.ok(moved > 2 * before, `map ${channel}: ${moved} against ${before} at the start`);
    }
  });

  /** Mean squared change of one map when the images are changed. */
  async function disturbed(pixels: Tensor<'float32'>, change: Float32Array, output: string, channel: number): Promise<number> {
    const graph = { ...model.graph, outputs: [{ name: output }] };
    const moved = float32(
      pixels.dims,
      Float32Array.from(pixels.data, (pixel, i) => Math.min(1, Math.max(0, pixel + change[i]))),
    );
    const [a, b] = await Promise.all([pixels, moved].map((images) => runOnce(engine, graph, { [portsOf(model).input]: images })));
    const [images, channels, height, width] = a[output].dims;
    let sum = 0;
    for (let i = 0; i < images; i++) {
      for (let q = 0; q < height * width; q++) {
        const at = (i * channels + channel) * height * width + q;
        sum += (floats(a[output])[at] - floats(b[output])[at]) ** 2;
      }
    }
    return sum / (images * height * width);
  }

  for (const ranking of strategies.map(({ name }) => name)) {
    it(`leaves pruned maps exactly zero after fine-tuning (ranking ${ranking})`, async () => {
      const repair = await fmp.repair({ model, clean }, options({ ranking, p: 2 }), context());
      const graph = { ...repair.model.graph, outputs: layers.map(({ output }) => ({ name: output })) };
      const outputs = await runOnce(engine, graph, { [portsOf(model).input]: imagesOf(4).pixels });
      for (const layer of layers) {
        assert.equal(repair.pruned[layer.name].length, layer.channels / 2);
        const { dims, data } = outputs[layer.output];
        const plane = dims[2] * dims[3];
        for (const channel of repair.pruned[layer.name]) {
          for (let i = 0; i < dims[0]; i++) {
            const start = (i * dims[1] + channel) * plane;
            assert.ok(
              floats({ type: 'float32', dims, data } as Tensor)
                .subarray(start, start + plane)
                .every((value) => value === 0),
            );
          }
        }
        const chosen = repair.maps?.[layer.name].filter((map) => map.pruned).map((map) => map.channel);
        assert.deepEqual(chosen, repair.pruned[layer.name]);
      }
      assert.equal(repair.history.length, 2);
    });
  }

  it('ranks by accuracy as published: the lowest first', async () => {
    const accuracyOf = ({ accuracy }: FeatureMap) => {
      assert.ok(accuracy !== undefined);
      return accuracy;
    };
    const repair = await fmp.repair({ model, clean }, options({ ranking: 'accuracy', p: 2, epochs: 0 }), context());
    for (const maps of Object.values(repair.maps ?? {})) {
      const worstKept = Math.min(...maps.filter((map) => !map.pruned).map(accuracyOf));
      assert.ok(maps.filter((map) => map.pruned).every((map) => accuracyOf(map) <= worstKept));
    }
  });

  it('scans only where the ranking needs it, or when told so', async () => {
    const looked = async (given: Record<string, unknown>) => {
      const repair = await fmp.repair({ model, clean }, options({ ...given, epochs: 0 }), context());
      const maps = Object.values(repair.maps ?? {}).flat();
      assert.ok(maps.every((map) => (map.accuracy === undefined) === (repair.seconds.scan === undefined)));
      return repair.seconds.scan !== undefined;
    };
    assert.deepEqual(
      [await looked({ ranking: 'random' }), await looked({ ranking: 'accuracy' }), await looked({ ranking: 'random', scan_always: true })],
      [false, true, true],
    );
  });

  it('prunes nothing when told so, and then leaves the model as it was', async () => {
    const repair = await fmp.repair({ model, clean }, options({ p: 64, min_per_layer: 0, epochs: 0 }), context());
    assert.ok(Object.values(repair.pruned).every((channels) => channels.length === 0));
    for (const [name, value] of model.graph.initializers) assert.deepEqual(repair.model.graph.initializers.get(name), value);
  });

  it('prunes in rounds: what was pruned stays so, and the number in the end is the same', async () => {
    const once = await fmp.repair({ model, clean }, options({ p: 2 }), context());
    const thrice = await fmp.repair({ model, clean }, options({ p: 2, rounds: 3, round_epochs: 1 }), context());
    const counts = (repair: Repair) => Object.values(repair.pruned).map((channels) => channels.length);
    assert.deepEqual(counts(thrice), counts(once));
    assert.deepEqual(
      thrice.history.map(({ epoch }) => epoch),
      [1, 2, 3, 4],
    );
    const first = await fmp.repair({ model, clean }, options({ p: 2, rounds: 1, epochs: 0 }), context());
    assert.notDeepEqual(thrice.pruned, first.pruned);
    assert.match(thrice.rule, /in 3 rounds/);
  });

  it('selects on top of what was pruned before', () => {
    const maps = [0.1, 0.9, 0.5, 0.7].map((suspicion, channel) => ({ channel, suspicion }));
    const half = { p: 2, minPerLayer: 0 };
    assert.deepEqual(select(maps, half), [1, 3]);
    assert.deepEqual(select(maps, half, [], 0.5), [1]);
    assert.deepEqual(select(maps, half, [0]), [0, 1]);
    assert.deepEqual(select(maps, half, [0, 2]), [0, 2]);
  });

  it('refuses too few clean images before it begins to scan', async () => {
    let events = 0;
    const listening = { ...context(), progress: () => events++ };
    await assert.rejects(
      fmp.repair({ model, clean }, options({ batch_size: 500 }), listening),
      /made-up \(train\) has 48 images, too few for one batch of 500; choose a batch size of 48 or less/,
    );
    assert.equal(events, 0);
  });

  it('gives the same bytes for the same seed', async () => {
    const runs = await Promise.all([1, 2].map(() => fmp.repair({ model, clean }, options({}), context())));
    const [a, b] = runs.map((run) => run.model.graph.initializers);
    for (const [name, value] of a) assert.deepEqual(b.get(name), value);
    assert.deepEqual(runs[0].maps, runs[1].maps);
  });
});
