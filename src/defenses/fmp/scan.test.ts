import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gradient } from '../../autodiff/gradient.js';
import { Interrupted } from '../../core/errors.js';
import type { ProgressEvent } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import { argmaxRows, floats, type Tensor } from '../../core/tensor.js';
import { portsOf } from '../../nn/classifier.js';
import { type ConvLayer, convLayers } from '../../nn/feature-maps.js';
import { unitPixels } from '../../nn/pixels.js';
import { preActResNet } from '../../nn/preactresnet.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { ancestorsOf } from '../../onnx/rewrite.js';
import { type Engine, runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { noisyDataset } from '../../testing/dataset.js';
import type { DefenseStore } from '../defense.js';
import { type ScanImages, type ScanOptions, scan } from './scan.js';
import { keepLayers, scanKey } from './scan-checkpoint.js';

const IMAGES = 9;
/** The second stage has 64 channels on 4 x 4, where the CPU takes its fast convolutions. */
const network = { imageShape: [2, 8, 8], classes: 3, mean: [0.5, 0.4], std: [0.2, 0.3], width: 32, depths: [1, 1], seed: 8 } as const;
const model = preActResNet(network);
const layers = convLayers(model.graph);
const data = noisyDataset(3, 3, [2, 8, 8]);
const images: ScanImages = { pixels: unitPixels(data.images, data.imageShape), labels: data.labels };
const budget = { eps: 0.05, alpha: 0.02 };

describe('the scan', () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine({ device: 'cpu', threads: 1 });
  });
  after(() => engine.close());
  const scanWith = (options: Partial<ScanOptions>, of: readonly ConvLayer[] = layers) =>
    scan(engine, model, of, images, { ...budget, steps: 1, random: new Random(4), ...options });

  /** The definition, one map at a time: a gradient of the mean squared difference, a step, a look at the whole network. */
  async function plainly(
    layer: ConvLayer,
    channel: number,
    start: Float32Array,
    steps: number,
  ): Promise<{ accuracy: number; loss: number }> {
    const { input, output } = portsOf(model);
    const below = ancestorsOf(model.graph, [layer.output]);
    const features = (await runOnce(engine, below, { [input]: images.pixels }))[layer.output];
    const builder = new GraphBuilder('plain', { ...below, inputs: [{ name: input, type: 'float32', dims: images.pixels.dims }] });
    const clean = builder.input('features', 'float32', features.dims);
    const off = builder.slice(builder.sub(layer.output, clean), [channel], [channel + 1], [1]);
    builder.output(builder.reduceMean(builder.mul(off, off)), 'distance');
    const program = await engine.compile(gradient(await traceShapes(engine, builder.build()), 'distance', [input]));
    let moved: Float32Array = images.pixels.data.map((pixel, i) => pixel + start[i]);
    for (let step = 0; step < steps; step++) {
      const found = await program.run({ [input]: { ...images.pixels, data: moved } as Tensor, features });
      const direction = floats(found[`grad:${input}`]);
      const size = steps === 1 ? budget.eps : budget.alpha;
      moved = images.pixels.data.map((pixel, i) => {
        const change = Math.fround(moved[i] - pixel) + size * Math.sign(direction[i]);
        return Math.min(1, Math.max(0, pixel + Math.min(budget.eps, Math.max(-budget.eps, change))));
      });
    }
    await program.release();
    const logits = floats((await runOnce(engine, model.graph, { [input]: { ...images.pixels, data: moved } as Tensor }))[output]);
    const best = argmaxRows(logits, 3);
    const losses = Array.from(images.labels, (label, i) => {
      const row = logits.subarray(3 * i, 3 * i + 3);
      return Math.log(row.reduce((sum, score) => sum + Math.exp(score), 0)) - row[label];
    });
    const hits = images.labels.reduce((sum, label, i) => sum + (best[i] === label ? 1 : 0), 0);
    return { accuracy: hits / IMAGES, loss: losses.reduce((sum, loss) => sum + loss, 0) / IMAGES };
  }

  /** The scan's own start: every pixel moved by alpha, up or down. */
  function startOf(random: Random): Float32Array {
    return Float32Array.from(images.pixels.data, (pixel) => {
      const moved = pixel + (random.uniform() < 0.5 ? -budget.alpha : budget.alpha);
      return Math.min(1, Math.max(0, moved)) - pixel;
    });
  }

  for (const steps of [1, 3]) {
    it(`gives what looking at one map at a time gives, in ${steps} step${steps === 1 ? '' : 's'}`, async () => {
      const start = startOf(new Random(4));
      const some = steps === 1 ? layers : layers.filter(({ name }) => name === 'layer1.0.conv2' || name === 'layer2.0.conv2');
      const found = await scanWith({ steps }, some);
      for (const layer of some) {
        for (let channel = 3; channel < layer.channels; channel += 20) {
          const { accuracy, loss } = found[layer.name][channel];
          const expected = await plainly(layer, channel, start, steps);
          assert.ok(Math.abs(accuracy - expected.accuracy) < 1e-6, `${layer.name} ${channel}: ${accuracy} instead of ${expected.accuracy}`);
          assert.ok(Math.abs(loss - expected.loss) < 2e-3, `${layer.name} ${channel}: loss ${loss} instead of ${expected.loss}`);
        }
      }
    });
  }

  it('says how many maps are done, and how much time is left', async () => {
    const events: ProgressEvent[] = [];
    await scanWith({ progress: (event) => events.push(event) }, layers.slice(0, 2));
    assert.deepEqual([...new Set(events.map(({ phase, total, unit }) => `${phase} ${total} ${unit}`))], ['scan 64 map']);
    assert.ok(events.every(({ done }, i) => i === 0 || done >= events[i - 1].done));
    assert.equal(events.at(-1)?.done, 64);
    assert.ok(events.every(({ secondsLeft }) => secondsLeft !== undefined && secondsLeft >= 0));
    assert.equal(events.at(-1)?.secondsLeft, 0);
  });

  describe('that is kept layer by layer', () => {
    const kept = new Map<string, Uint8Array>();
    const store: DefenseStore = {
      load: async (name) => kept.get(name),
      save: async (name, bytes) => {
        kept.set(name, bytes);
      },
    };
    const open = (rest: unknown = {}) => scanKey(model, images, rest).then((key) => keepLayers(store, 'scan', key));
    const race = { wanted: () => 2, error: 0.1 };

    for (const options of [{}, { race }]) {
      it(`goes on where it was stopped, and ends with the same numbers${'race' in options ? ', in a race too' : ''}`, async () => {
        kept.clear();
        const whole = await scanWith(options);
        const stop = new AbortController();
        const stopping = { ...options, finished: await open(), signal: stop.signal };
        const progress = ({ done }: ProgressEvent) => {
          if (done > 100) stop.abort();
        };
        await assert.rejects(scanWith({ ...stopping, progress }), Interrupted);
        let first: number | undefined;
        const resumed = await scanWith({
          ...options,
          finished: await open(),
          progress: ({ done }) => {
            first ??= done;
          },
        });
        assert.ok((first ?? 0) > 64, `began at map ${first}`);
        assert.deepEqual(resumed, whole);
      });
    }

    it('does not take what belongs to another scan, or is damaged', async () => {
      kept.clear();
      const [layer] = layers;
      await (await open({ eps: 1 })).add(layer.name, { fates: [] });
      assert.ok((await open({ eps: 1 })).get(layer.name));
      assert.equal((await open({ eps: 2 })).get(layer.name), undefined);
      const bytes = kept.get('scan') as Uint8Array;
      kept.set('scan', bytes.subarray(0, bytes.length - 3));
      assert.equal((await open({ eps: 1 })).get(layer.name), undefined);
    });
  });
});
