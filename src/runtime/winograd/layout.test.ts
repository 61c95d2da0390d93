import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { pullBack } from '../../autodiff/gradient.js';
import { Random } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { preActResNet } from '../../nn/preactresnet.js';
import { GraphBuilder, type Value } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import { runOnce } from '../engine.js';
import { createEngine } from '../node/engine.js';
import { traceShapes } from '../trace.js';
import { inverseOrder, storedOrder, withFastConvolutions } from './layout.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const random = new Random(3);
const draw = (dims: readonly number[]) =>
  float32(
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.between(-1, 1)),
  );
const kinds = (graph: Graph) => new Set(graph.nodes.map(({ opType }) => opType));

/** Runs a graph of one input as it is and rewritten, and compares. */
async function same(graph: Graph, feeds: Record<string, Tensor>, options: { held?: string[] } = {}): Promise<Graph> {
  const rewritten = withFastConvolutions(graph);
  const [expected, found] = await Promise.all([
    runOnce(engine, graph, feeds),
    (async () => {
      const program = await engine.compile(graph, { ...options, fast: true });
      if (options.held) await program.write(Object.fromEntries(options.held.map((name) => [name, feeds[name]])));
      const outputs = await program.run(feeds);
      await program.release();
      return outputs;
    })(),
  ]);
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(found[name].dims, value.dims, name);
    const scale = floats(value).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    floats(value).forEach((x, i) => {
      assert.ok(Math.abs(floats(found[name])[i] - x) <= 1e-5 * scale, `${name}[${i}]: ${floats(found[name])[i]} instead of ${x}`);
    });
  }
  return rewritten;
}

/** One input `x` of the given shape, and what `build` makes of it. */
function graphOf(dims: readonly (number | string)[], build: (builder: GraphBuilder, x: Value) => Value): Graph {
  const builder = new GraphBuilder('g');
  builder.output(build(builder, builder.input('x', 'float32', dims)), 'y');
  return builder.build();
}

const same3 = { kernel: [3, 3], pads: [1, 1, 1, 1] };

describe('fast convolutions', () => {
  const windows = [
    { name: '3 x 3', window: same3 },
    { name: '3 x 3 without padding', window: { kernel: [3, 3] } },
    { name: '5 x 3 with unequal padding', window: { kernel: [5, 3], pads: [2, 0, 1, 1] } },
    { name: '3 x 3 in two groups', window: { ...same3, group: 2 } },
  ];
  for (const { name, window } of windows) {
    test(`of ${name}, with a bias, give what ONNX Runtime's own give`, async () => {
      const { group = 1 } = window as { group?: number };
      const graph = graphOf(['N', 64, 4, 5], (builder, x) => {
        const weight = builder.parameter('w', draw([66, 64 / group, ...window.kernel]));
        return builder.conv(x, weight, window, builder.parameter('b', draw([66])));
      });
      const rewritten = await same({ ...graph, inputs: [{ ...graph.inputs[0], dims: ['N', 64, 4, 4] }] }, { x: draw([3, 64, 4, 4]) });
      assert.ok(!kinds(rewritten).has('Conv'));
    });
  }

  test('stay in their order through what stands between them, and out of it elsewhere', async () => {
    const network = preActResNet({
      imageShape: [3, 28, 28],
      classes: 4,
      mean: [0.5, 0.5, 0.5],
      std: [0.2, 0.3, 0.2],
      width: 16,
      depths: [1, 1, 1, 1],
      seed: 2,
    });
    const rewritten = await same(network.graph, { pixels: draw([3, 3, 28, 28]) });
    // The third stage has 64 channels on 7 x 7 from its second convolution on, the fourth 128 on 4 x 4.
    const left = rewritten.nodes.filter(({ opType }) => opType === 'Conv').map(({ name }) => name);
    assert.deepEqual(
      left.filter((name) => name.startsWith('layer3') || name.startsWith('layer4')),
      ['layer3.0.shortcut.0', 'layer3.0.conv1'],
    );
    // Every change of order has one transposition of rows and columns: of both branches of the third stage, and of the result.
    const swaps = rewritten.nodes.filter(({ opType, attributes }) => opType === 'Transpose' && `${attributes.perm?.value}` === '1,0');
    assert.equal(swaps.length, 3);
  });

  test('go backwards, through strides too', async () => {
    const forward = graphOf([3, 32, 4, 4], (builder, x) => {
      const first = builder.relu(builder.conv(x, builder.parameter('w1', draw([40, 32, 3, 3])), same3));
      const second = builder.conv(first, builder.parameter('w2', draw([48, 40, 3, 3])), { ...same3, strides: [2, 2] });
      const around = builder.conv(first, builder.parameter('w3', draw([48, 40, 1, 1])), { kernel: [1, 1], strides: [2, 2] });
      return builder.conv(builder.add(second, around), builder.parameter('w4', draw([32, 48, 3, 3])), same3);
    });
    const traced = await traceShapes(engine, forward);
    const builder = new GraphBuilder('gradient', traced);
    const cotangent = builder.input('cotangent', 'float32', [3, 32, 2, 2]);
    builder.output(pullBack(builder, traced, [['y', cotangent]], ['x'])[0], 'gradient');
    const rewritten = await same(builder.build(), { x: draw([3, 32, 4, 4]), cotangent: draw([3, 32, 2, 2]) });
    assert.ok(!kinds(rewritten).has('ConvTranspose'));
  });

  test('take values that are kept in their own order, and split the batch axis', async () => {
    const dims = [3, 32, 4, 4];
    const order = storedOrder(dims);
    assert.deepEqual(order, [2, 3, 1, 0]);
    const builder = new GraphBuilder('g');
    const x = builder.input('x', 'float32', [6, ...dims.slice(1)]);
    const kept = builder.input('kept', 'float32', [4, 4, 32, 3]);
    const mask = builder.reshape(builder.transpose(kept, inverseOrder(order ?? [])), [1, ...dims]);
    const once = builder.conv(x, builder.parameter('w', draw([32, 32, 3, 3])), same3);
    const masked = builder.mul(builder.reshape(once, [2, ...dims]), mask);
    const twice = builder.conv(builder.reshape(masked, [6, ...dims.slice(1)]), builder.parameter('v', draw([32, 32, 3, 3])), same3);
    builder.output(twice, 'y');
    builder.output(builder.transpose(twice, order ?? []), 'turned');
    const feeds = { x: draw([6, 32, 4, 4]), kept: draw([4, 4, 32, 3]) };
    const rewritten = await same(builder.build(), feeds, { held: ['kept'] });
    const turned = rewritten.nodes.find(({ outputs }) => outputs.includes('turned'));
    assert.equal(turned?.opType, 'Identity');
  });

  test('leave alone what would not gain', () => {
    const conv = (dims: readonly number[], channels: number, window: object) =>
      graphOf(['N', ...dims], (builder, x) => builder.conv(x, builder.parameter('w', draw([channels, dims[0], 3, 3])), window));
    for (const graph of [
      conv([64, 32, 32], 64, same3),
      conv([16, 8, 8], 64, same3),
      conv([64, 8, 8], 64, { ...same3, strides: [2, 2] }),
      conv([64, 8, 8], 64, { kernel: [3, 3], pads: [2, 2, 2, 2], dilations: [2, 2] }),
    ]) {
      assert.equal(withFastConvolutions(graph), graph);
    }
    assert.equal(storedOrder([3, 64, 32, 32]), undefined);
  });
});
