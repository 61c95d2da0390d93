import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, sizeOf, type Tensor, zeros } from '../core/tensor.js';
import { batches } from '../data/batches.js';
import { type Classifier, withParameters } from '../nn/classifier.js';
import { GraphBuilder } from '../onnx/builder.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpDataset } from '../testing/dataset.js';
import { iBau } from './i-bau.js';
import { compileOuterStep, compilePerturbation } from './i-bau-steps.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const noise = new Random(9);
const made = madeUpDataset(8, 3, [1, 4, 4]);
const clean = { ...made, images: made.images.map(() => noise.below(256)) };
const draw = (dims: readonly number[], scale: number) =>
  float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => scale * noise.normal()),
  );

/** A smooth network, so that second derivatives exist everywhere: convolution, sigmoid, linear layer. */
function smooth(): Classifier {
  const builder = new GraphBuilder('smooth');
  const pixels = builder.input('pixels', 'float32', ['N', 1, 4, 4]);
  const maps = builder.sigmoid(builder.conv(pixels, builder.parameter('conv', draw([2, 1, 3, 3], 1)), { kernel: [3, 3] }));
  builder.output(builder.gemm(builder.flatten(maps), builder.parameter('linear', draw([8, 3], 1.5))), 'logits', 'float32', ['N', 3]);
  return { name: 'smooth', graph: builder.build(), imageShape: [1, 4, 4], classes: 3 };
}
const model = smooth();
const [batch, other] = batches(clean, { batchSize: 6, random: new Random(2) }).epoch(0);
const parameters = { conv: model.graph.initializers.get('conv') as Tensor, linear: model.graph.initializers.get('linear') as Tensor };
const WEIGHT = 0.05;
const INNER = 0.1;

test('the perturbation goes down the gradient of its loss', async () => {
  const rate = 1e-3;
  const step = await compilePerturbation(engine, model, { batchSize: 6, rate, weight: WEIGHT });
  const { delta, predicted } = await step.find(parameters, [batch, other]);
  await step.release();
  assert.equal(predicted.length, 2);
  assert.ok(floats(predicted[0]).every((value) => value === 0 || value === 1));
  assert.deepEqual(delta.dims, [1, 1, 4, 4]);
  const size = Math.hypot(...floats(delta));
  assert.ok(size > 0 && size < 4 * rate, `${size}`);
});

test("the hypergradient is that of the outer loss after K steps of the perturbation's own descent", async () => {
  // With δ_K = Φ(Φ(..Φ(δ_0, θ))) and the perturbation at rest, the K-term sum is the total derivative of M(δ_K(θ), θ). δ rests
  // only approximately, so iterate it to the fixed point first and compare with differences of M at the fixed points of θ ± h.
  const predicted = batch.targets;
  const rest = async (classifier: Classifier) => {
    const now = {
      conv: classifier.graph.initializers.get('conv') as Tensor,
      linear: classifier.graph.initializers.get('linear') as Tensor,
    };
    const step = await compileInner(classifier, now);
    let delta: Tensor = zeros('float32', [1, 1, 4, 4]);
    for (let i = 0; i < 400; i++) delta = await step.next(delta, predicted);
    await step.release();
    return delta;
  };
  const delta = await rest(model);
  // Adam's first step has the size of the learning rate whatever the gradient; its sign is the gradient's.
  const lr = 1e-3;
  const options = { batchSize: 6, K: 60, lr, inner_lr: INNER, delta_l2: 3, patched: 0.5 };
  const outer = await compileOuterStep(engine, model, options);
  await outer.run(other, batch.images, predicted, delta);
  const moved = await outer.parameters();
  await outer.release();
  let told = 0;
  for (const index of [0, 4, 8, 10, 17]) {
    const difference = await Promise.all(
      [0.02, -0.02].map(async (h) => {
        const changed = floats(parameters.conv).slice();
        changed[index] += h;
        const classifier = withParameters(model, { conv: float32([2, 1, 3, 3], changed) });
        const step = await compileOuterStep(engine, classifier, { ...options, K: 1 });
        const loss = await step.run(other, batch.images, predicted, await rest(classifier));
        await step.release();
        return loss;
      }),
    );
    const slope = (difference[0] - difference[1]) / 0.04;
    if (Math.abs(slope) < 1e-3) continue;
    told++;
    const step = floats(moved.conv)[index] - floats(parameters.conv)[index];
    assert.equal(Math.sign(step), -Math.sign(slope), `parameter ${index}: step ${step}, slope ${slope}`);
  }
  assert.ok(told >= 3);

  async function compileInner(classifier: Classifier, now: Record<string, Tensor>) {
    const step = await compilePerturbation(engine, classifier, { batchSize: 6, rate: 0.1, weight: 3 });
    return {
      next: (from: Tensor, targets: Tensor) => step.descend(now, batch.images, targets, from),
      release: () => step.release(),
    };
  }
});

test('repairs within its rounds, the same for the same seed', async () => {
  const options = iBau.options.parse({ n_rounds: 2, K: 2, batch_size: 6, lr: 0.01 });
  const events: number[] = [];
  const run = () => iBau.repair({ model, clean }, options, { engine, random: new Random(1), progress: ({ done }) => events.push(done) });
  const [a, b] = [await run(), await run()];
  assert.deepEqual(a.model.graph.initializers, b.model.graph.initializers);
  assert.notDeepEqual(a.model.graph.initializers, model.graph.initializers);
  assert.deepEqual(events, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
});
