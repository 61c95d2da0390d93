import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { preActResNet } from '../nn/preactresnet.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { ancestorsOf } from '../onnx/rewrite.js';
import { runOnce } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { traceShapes } from '../runtime/trace.js';
import { pullBack } from './gradient.js';
import { COTANGENT, type StackedPullBack, stackedPullBack } from './stacked.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const random = new Random(11);
const draw = (dims: readonly number[]) =>
  float32(
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.between(-1, 1)),
  );
const IMAGES = 3;
const COPIES = 4;

async function split(graph: Graph, of: Value): Promise<StackedPullBack | undefined> {
  const [single, stacked] = await Promise.all([IMAGES, COPIES * IMAGES].map((N) => traceShapes(engine, graph, { N })));
  return stackedPullBack(single, stacked, of);
}

/** The pull-back of one cotangent at a time. */
async function plainly(graph: Graph, of: Value, images: Tensor, cotangent: Tensor<'float32'>): Promise<number[]> {
  const traced = await traceShapes(engine, graph, { N: IMAGES });
  const builder = new GraphBuilder('plain', traced);
  const dims = [IMAGES, ...cotangent.dims.slice(1)];
  const [gradient] = pullBack(builder, traced, [[of, builder.input('cotangent', 'float32', dims)]], [graph.inputs[0].name]);
  builder.output(gradient, 'gradient');
  const size = cotangent.data.length / COPIES;
  const found: number[] = [];
  for (let copy = 0; copy < COPIES; copy++) {
    const one = float32(dims, cotangent.data.slice(copy * size, (copy + 1) * size));
    found.push(...floats((await runOnce(engine, builder.build(), { [graph.inputs[0].name]: images, cotangent: one })).gradient));
  }
  return found;
}

describe('a stacked pull-back', () => {
  test('gives for many cotangents at once what the plain one gives for each', async () => {
    const { graph } = preActResNet({
      imageShape: [2, 6, 6],
      classes: 3,
      mean: [0.4, 0.5],
      std: [0.2, 0.3],
      width: 3,
      depths: [1, 1],
      seed: 4,
    });
    const of = 'layer2.0.conv2';
    const below = ancestorsOf(graph, [of]);
    const found = await split(below, of);
    assert.ok(found);
    const [feature, ...residuals] = found.forward.outputs.map(({ name }) => name);
    assert.equal(feature, of);
    // One mask an activation, with the slope of the normalisation before it multiplied in.
    assert.deepEqual(residuals, [...found.residuals.keys()]);
    assert.equal(residuals.length, 4);

    const images = draw([IMAGES, 2, 6, 6]);
    const cotangent = draw([COPIES * IMAGES, 6, 3, 3]);
    const { [of]: _, ...values } = await runOnce(engine, found.forward, { pixels: images });
    const outputs = await runOnce(engine, found.linear, { [COTANGENT]: cotangent, ...values });
    const expected = await plainly(below, of, images, cotangent);
    const stacked = floats(outputs[found.linear.outputs[0].name]);
    assert.equal(stacked.length, expected.length);
    expected.forEach((value, i) => {
      assert.ok(Math.abs(stacked[i] - value) < 1e-5, `${stacked[i]} instead of ${value} at ${i}`);
    });
  });

  test('does the forward computation for the images alone', async () => {
    const { graph } = preActResNet({ imageShape: [1, 6, 6], classes: 3, mean: [0], std: [1], width: 2, depths: [1] });
    const found = await split(ancestorsOf(graph, ['layer1.0.conv2']), 'layer1.0.conv2');
    assert.ok(found);
    assert.ok(found.linear.nodes.every(({ opType }) => opType !== 'Greater' && opType !== 'Relu'));
    assert.equal(found.linear.nodes.filter(({ opType }) => opType === 'ConvTranspose').length, 3);
  });

  test('is refused where the images enter something else than an elementwise operator', async () => {
    const builder = new GraphBuilder('squares');
    const x = builder.input('x', 'float32', ['N', 2, 2]);
    builder.output(builder.matmul(x, x), 'y');
    assert.equal(await split(builder.build(), 'y'), undefined);
  });
});
