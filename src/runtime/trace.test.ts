import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { float32, int64, zeros } from '../core/tensor.js';
import { preActResNet } from '../nn/preactresnet.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import type { Engine } from './engine.js';
import { createEngine } from './node/engine.js';
import { traceShapes } from './trace.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

/** Shapes of a net with convolutions, strides, pooling, broadcasting and shape arithmetic. */
function net(): Graph {
  const { graph } = preActResNet({ imageShape: [3, 10, 10], classes: 5, mean: [0, 0, 0], std: [1, 1, 1], width: 4, depths: [1, 1] });
  const builder = new GraphBuilder('net', graph);
  const [size] = builder.op('Shape', ['logits']);
  const doubled = builder.concat(['logits', 'logits'], 0);
  builder.output(builder.reshape(builder.transpose(doubled, [1, 0]), [-1]), 'flat');
  builder.output(builder.op('ConstantOfShape', [size])[0], 'zeros');
  return builder.build();
}

describe('tracing', () => {
  test('finds type and shape of every value', async () => {
    const graph = net();
    const { types, inputs } = await traceShapes(engine, graph, { N: 7 });
    for (const { outputs } of graph.nodes) for (const name of outputs) assert.ok(types.has(name), name);
    assert.deepEqual(inputs[0].dims, [7, 3, 10, 10]);
    assert.deepEqual(types.get('pixels'), { type: 'float32', dims: [7, 3, 10, 10] });
    assert.deepEqual(types.get('layer2.0.conv1'), { type: 'float32', dims: [7, 8, 5, 5] });
    assert.deepEqual(types.get('conv1.weight'), { type: 'float32', dims: [4, 3, 3, 3] });
    assert.deepEqual(types.get('flat'), { type: 'float32', dims: [70] });
    assert.equal(
      [...types.values()].filter(({ type }) => type === 'int64').length,
      graph.nodes.filter(({ opType }) => opType === 'Shape').length +
        [...graph.initializers.values()].filter(({ type }) => type === 'int64').length,
    );
  });

  test('extrapolates to any batch size what running at that size gives', async () => {
    for (const N of [1, 2, 3, 50]) {
      const extrapolated = await traceShapes(engine, net(), { N });
      // Values for the inputs make it run at the full size.
      const direct = await traceShapes(engine, net(), { N }, { pixels: zeros('float32', [N, 3, 10, 10]) });
      assert.deepEqual(extrapolated, direct);
    }
  });

  test('costs the same for a large batch as for a small one', async () => {
    const fed: number[] = [];
    const watched: Engine = {
      device: 'cpu',
      threads: 1,
      close: () => engine.close(),
      load: (file) => engine.load(file),
      compile: async (graph, options) => {
        const program = await engine.compile(graph, options);
        const run: typeof program.run = (feeds) => {
          fed.push(feeds.pixels.dims[0]);
          return program.run(feeds);
        };
        return { ...program, run };
      },
    };
    const { types } = await traceShapes(watched, net(), { N: 100_000 });
    assert.deepEqual(types.get('conv1')?.dims, [100_000, 4, 10, 10]);
    assert.deepEqual(fed, [2, 3]);
  });

  test('uses given values where zeros would not do', async () => {
    const builder = new GraphBuilder('pick');
    const indices = builder.input('indices', 'int64', ['K']);
    builder.output(builder.op('Tile', [builder.constant(float32([2], [1, 2])), indices])[0], 'y');
    const { types } = await traceShapes(engine, builder.build(), { K: 1 }, { indices: int64([1], [3]) });
    assert.deepEqual(types.get('y'), { type: 'float32', dims: [6] });
  });

  test('keeps the graph as it is otherwise', async () => {
    const graph = net();
    const traced = await traceShapes(engine, graph, { N: 2 });
    assert.equal(traced.initializers, graph.initializers);
    assert.deepEqual(traced.nodes, graph.nodes);
    assert.deepEqual(
      traced.outputs.map(({ name }) => name),
      graph.outputs.map(({ name }) => name),
    );
  });

  test('names an axis whose size is missing', async () => {
    await assert.rejects(traceShapes(engine, net()), /the size of axis 'N' of input 'pixels' must be given/);
  });
});
