import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, sizeOf } from '../core/tensor.js';
import { float, GraphBuilder, int, ints, type Value } from '../onnx/builder.js';
import { runOnce, type Tensors } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { compareWithDifferences, derivativeOf, type GraphFunction, randomCotangents } from '../testing/finite-differences.js';

const TOLERANCE = 1e-3;
const STEP = 2e-3;
/** How far every Relu is from its kink; the differences move their inputs by less. */
const MARGIN = 0.015;

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

/** A builder whose inputs are drawn as they are declared. */
class RandomInputs extends GraphBuilder {
  readonly feeds: Tensors = {};
  readonly #random: Random;
  constructor(name: string, seed: number) {
    super(name);
    this.#random = new Random(seed);
  }
  /** Magnitudes of 0.2 to `limit`, of either sign unless `positive`. */
  draw(name: string, dims: readonly number[], limit = 1, positive = false): Value {
    const value = () => this.#random.between(0.2, limit) * (positive || this.#random.uniform() < 0.5 ? 1 : -1);
    this.feeds[name] = float32(dims, Float32Array.from({ length: sizeOf(dims) }, value));
    return this.input(name, 'float32', dims);
  }
}

/** Pre-activation residual block that halves the image and doubles the channels, with stored statistics. */
function block(b: RandomInputs): void {
  const norm = (x: Value, name: string, channels: number) => {
    const [scale, bias, mean] = ['scale', 'bias', 'mean'].map((part) => b.draw(`${name}.${part}`, [channels]));
    return b.batchNorm(x, scale, bias, mean, b.draw(`${name}.variance`, [channels], 1, true), 1e-2);
  };
  const strides = [2, 2];
  const pads = [1, 1, 1, 1];
  const active = b.relu(norm(b.draw('x', [2, 2, 4, 4]), 'bn1', 2));
  const shortcut = b.conv(active, b.draw('shortcut', [4, 2, 1, 1]), { strides });
  const inner = b.conv(active, b.draw('conv1', [4, 2, 3, 3], 0.6), { strides, pads });
  const outer = b.conv(b.relu(norm(inner, 'bn2', 4)), b.draw('conv2', [4, 4, 3, 3], 0.6), { pads });
  b.output(b.add(outer, shortcut));
}

/** A whole classifier under training: the cross-entropy of each image. */
function network(b: RandomInputs): void {
  const convolved = b.conv(b.draw('x', [3, 2, 4, 4]), b.draw('conv', [3, 2, 3, 3], 0.6), { pads: [1, 1, 1, 1] });
  const statistics = ['mean', 'variance'].map((name) => b.parameter(name, float32([3], [0, 0, 0])));
  const attributes = { training_mode: int(1), epsilon: float(1e-2) };
  const [normal] = b.op('BatchNormalization', [convolved, b.draw('scale', [3]), b.draw('bias', [3]), ...statistics], attributes, 3);
  const [pooled] = b.op('AveragePool', [b.relu(normal)], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
  const logits = b.gemm(b.flatten(pooled), b.draw('weight', [4, 12]), b.draw('offset', [4]), { transB: true });
  const labels = b.constant(float32([3, 4], [0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0]));
  b.output(b.neg(b.reduceSum(b.mul(labels, b.logSoftmax(logits)), [1])));
}

/** The function at the first drawn point where no Relu is close to its kink. */
async function awayFromKinks(name: string, build: (b: RandomInputs) => void): Promise<GraphFunction> {
  for (let seed = 0; seed < 200; seed++) {
    const builder = new RandomInputs(name, seed);
    build(builder);
    const graph = builder.build();
    const inputs = graph.nodes.filter(({ opType }) => opType === 'Relu').map((node) => node.inputs[0]);
    const values = await runOnce(engine, { ...graph, outputs: inputs.map((input) => ({ name: input })) }, builder.feeds);
    if (inputs.every((input) => floats(values[input]).every((value) => Math.abs(value) > MARGIN))) return { graph, feeds: builder.feeds };
  }
  throw new Error(`${name}: every point that was drawn is close to a kink`);
}

for (const [name, build] of [
  ['residual block', block],
  ['classifier under training', network],
] as const) {
  describe(name, () => {
    test('gradient agrees with finite differences', async () => {
      const fn = await awayFromKinks(name, build);
      const cotangents = await randomCotangents(engine, fn, new Random(1));
      for (const { input, error, norm } of await compareWithDifferences(engine, fn, cotangents, Object.keys(fn.feeds), { step: STEP })) {
        assert.ok(norm > 0.05 && error <= TOLERANCE, `${input}: relative error ${error} at norm ${norm}`);
      }
    });

    test('gradient of the gradient agrees with finite differences', async () => {
      const fn = await awayFromKinks(name, build);
      const names = Object.keys(fn.feeds);
      const first = await derivativeOf(engine, fn, await randomCotangents(engine, fn, new Random(2)), names);
      const cotangents = await randomCotangents(engine, first, new Random(3));
      const comparisons = await compareWithDifferences(engine, first, cotangents, names, { order: 2, step: STEP });
      for (const { input, error, norm } of comparisons) {
        assert.ok(norm > 0.05 && error <= TOLERANCE, `${input}: relative error ${error} at norm ${norm}`);
      }
    });
  });
}
