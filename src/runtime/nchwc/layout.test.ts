import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { float32, floats, full } from '../../core/tensor.js';
import { float, GraphBuilder, int, type Value } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import { startBlockedComparison } from '../../testing/blocked.js';
import type { Program, Tensors } from '../engine.js';
import { findBlock } from './block-size.js';
import { withBlockedChannels } from './layout.js';
import { NCHWC_DOMAIN } from './operators.js';

const { block: b, skip, compare, compile, close } = await startBlockedComparison();
after(() => close());

describe('values stay blocked between convolutions', { skip }, () => {
  const image = [4, 2 * b, 6, 6];
  const shapes = { x: image, w: [2 * b, 2 * b, 3, 3], v: [2 * b, 2 * b, 3, 3], s: [2 * b, 1, 1], t: [1, 2 * b, 1, 1] };
  const window = { kernel: [3, 3], pads: [1, 1, 1, 1] };
  const reorders = (graph: Graph) => graph.nodes.filter(({ opType }) => opType.startsWith('Reorder')).length;
  const count = (graph: Graph, opType: string) => graph.nodes.filter((node) => node.opType === opType).length;
  // Into blocks for x, w and v; back for one result.
  const least = 4;

  const between = async (middle: (builder: GraphBuilder, y: Value) => Value) => {
    const blocked = await compare(shapes, (builder) => [builder.conv(middle(builder, builder.conv('x', 'w', window)), 'v', window)]);
    assert.equal(reorders(blocked), least);
    return blocked;
  };

  test('through activations', async () => {
    await between((builder, y) => builder.relu(y));
    await between((builder, y) => builder.mul(builder.tanh(y), builder.sigmoid(y)));
    await between((builder, y) => builder.op('LeakyRelu', [y], { alpha: float(0.3) })[0]);
    await between((builder, y) => builder.clip(y, -0.5, 0.5));
  });

  test('through scalars, multiples by channel and sums, in one pass each', async () => {
    const scaled = await between((builder, y) => builder.relu(builder.add(builder.mul(y, 's'), 't')));
    assert.equal(count(scaled, 'Relu') + count(scaled, 'Add'), 0);
    await between((builder, y) => builder.add(builder.mul(builder.relu(y), builder.scalar(3)), y));
    const summed = await between((builder, y) =>
      builder.add(builder.add(builder.mul(builder.relu(y), 's'), builder.mul(builder.tanh(y), 't')), 't'),
    );
    assert.equal(count(summed, 'Add'), 0);
    await between((builder, y) => builder.mul(builder.add(builder.mul(y, 's'), 't'), 't'));
    await between((builder, y) => builder.relu(builder.add(builder.add(y, 's'), builder.add(y, y))));
  });

  test('through the gradient of ReLU', async () => {
    const mask = (builder: GraphBuilder, y: Value) => builder.cast(builder.greater(y, builder.scalar(0)), 'float32');
    const masked = await between((builder, y) => builder.mul(y, mask(builder, builder.relu(y))));
    assert.equal(count(masked, 'Greater') + count(masked, 'Cast'), 0);
  });

  test('with two or four images in a block', async () => {
    for (const channels of [b / 2, b / 4]) {
      const narrow = { x: [8, channels, 6, 6], w: [channels, channels, 3, 3], v: [b, channels, 3, 3], s: [channels, 1, 1] };
      const blocked = await compare(narrow, (builder) => {
        const y = builder.conv('x', 'w', window);
        const z = builder.add(builder.relu(builder.mul(y, 's')), builder.tanh(y));
        return [builder.conv(z, 'v', window), builder.reduceSum(z, [0, 2, 3]), builder.globalAveragePool(z), builder.softmax(z, 2)];
      });
      assert.equal(count(blocked, 'Pad'), 0);
    }
  });

  test('and are put back for what works otherwise', async () => {
    await compare(shapes, (builder) => {
      const y = builder.conv('x', 'w', window);
      const turned = builder.transpose(y, [0, 1, 3, 2]);
      return [builder.conv(turned, 'v', window), builder.softmax(y, 1), builder.reduceSum(y, [0, 2, 3]), builder.globalAveragePool(y), y];
    });
    await compare(shapes, (builder) => {
      const y = builder.conv('x', 'w', window);
      return [builder.reduceSum(y, [0, 2, 3], true), builder.reduceSum(y, [1]), builder.mul(y, builder.reduceMean(y, [1], true))];
    });
  });
});

describe('batch normalisation in its training form', { skip }, () => {
  const norm = async (momentum: number, channels: number, size: readonly [number, number], offset: number) => {
    const image = [4, channels, ...size];
    const vector = [channels];
    const shapes = { x: image, w: [channels, channels, 3, 3], scale: vector, shift: vector, mean: vector, variance: vector };
    const blocked = await compare(shapes, (builder) => {
      const y = builder.add(builder.conv('x', 'w', { kernel: [3, 3], pads: [1, 1, 1, 1] }), builder.scalar(offset));
      const outputs = ['y', 'newMean', 'newVariance'];
      const attributes = { training_mode: int(1), momentum: float(momentum), epsilon: float(1e-3) };
      const inputs = [y, 'scale', 'shift', 'mean', 'variance'];
      builder.append({ name: 'norm', opType: 'BatchNormalization', domain: '', inputs, outputs, attributes });
      return [builder.relu('y'), 'newMean', 'newVariance'];
    });
    assert.ok(blocked.nodes.every(({ opType }) => opType !== 'BatchNormalization' && opType !== 'Relu'));
  };

  for (const momentum of [0, 0.9]) {
    for (const channels of [2 * b, b + 3, b / 2, b / 4]) {
      for (const size of [
        [5, 4],
        [9, 8],
      ] as const)
        test(`momentum ${momentum}, ${channels} channels, ${size}`, () => norm(momentum, channels, size, 0));
    }
  }
  test('with a mean that is large against the deviation', () => norm(0.9, b, [9, 8], 100));
});

test('where all weights are constants, nothing is touched', () => {
  const builder = new GraphBuilder('constant');
  const x = builder.input('x', 'float32', [2, b, 4, 4]);
  builder.output(builder.conv(x, builder.constant(full([b, b, 3, 3], 1)), { kernel: [3, 3] }));
  const graph = builder.build();
  assert.equal(withBlockedChannels(graph, b), graph);
});

test('a runtime without these operators is told from one that has them', async () => {
  assert.equal(await findBlock(() => Promise.reject(new Error('unknown domain'))), undefined);
  const wrong = async (graph: Graph): Promise<Program> => {
    const program = await compile(graph);
    const isBlocked = graph.nodes.filter(({ domain }) => domain === NCHWC_DOMAIN).length > 1;
    const broken = (outputs: Tensors) =>
      Object.fromEntries(
        Object.entries(outputs).map(([name, value]) => [
          name,
          float32(
            value.dims,
            floats(value).map((x) => -x),
          ),
        ]),
      );
    return isBlocked ? { ...program, run: async (feeds) => broken(await program.run(feeds)) } : program;
  };
  assert.equal(await findBlock(wrong), undefined);
});
