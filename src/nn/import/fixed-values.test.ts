import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { GraphBuilder, int, string } from '../../onnx/builder.js';
import { createEngine } from '../../runtime/node/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { fixValues } from './fixed-values.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

test('what follows from shapes alone is stored, unless it changes with the number of images', async () => {
  const builder = new GraphBuilder('shapes');
  const x = builder.input('x', 'float32', ['N', 4, 6, 6]);
  const [shape] = builder.op('Shape', [x]);
  const axis = (index: number) => builder.op('Gather', [shape, builder.integers([index])])[0];
  // Half of the channels, as an exporter computes it; twice the size; and the batch kept by its size.
  const half = builder.op('Div', [axis(1), builder.integers([2])])[0];
  const [sliced] = builder.op('Slice', [x, builder.integers([0]), half, builder.integers([1])]);
  const sizes = builder.concat([axis(0), half, builder.op('Mul', [builder.concat([axis(2), axis(3)], 0), builder.integers([2])])[0]], 0);
  const [bigger] = builder.op('Resize', [sliced, '', '', sizes], { mode: string('nearest') });
  const scales = builder.cast(builder.concat([builder.integers([1, 1]), half, half], 0), 'float32');
  const [biggest] = builder.op('Resize', [bigger, '', scales], { mode: string('nearest') });
  // A number that follows from a weight has to follow it in training.
  const weight = builder.parameter('weight', { type: 'float32', dims: [2, 1, 1], data: Float32Array.of(1, 2) });
  const scaled = builder.mul(biggest, builder.exp(weight));
  builder.output(builder.op('Reshape', [scaled, builder.concat([axis(0), builder.integers([-1])], 0)], { allowzero: int(0) })[0], 'y');
  const graph = builder.build();

  const traced = await traceShapes(engine, graph, { N: 3 });
  const fixed = await fixValues(engine, { ...traced, inputs: graph.inputs });
  const stored = (name: string) => Array.from((fixed.initializers.get(name)?.data ?? []) as ArrayLike<number | bigint>, Number);
  assert.deepEqual(stored(half), [2]);
  assert.deepEqual(stored(scales), [1, 1, 2, 2]);
  assert.deepEqual(stored(sizes), []);
  assert.ok(fixed.nodes.some(({ opType }) => opType === 'Exp'));
  const after = await traceShapes(engine, { ...fixed, outputs: graph.outputs, types: new Map() }, { N: 5 });
  assert.deepEqual(after.types.get('y')?.dims, [5, 2 * 24 * 24]);
});

test('a graph without such values is left alone', async () => {
  const builder = new GraphBuilder('plain');
  builder.output(builder.flatten(builder.input('x', 'float32', ['N', 3, 2, 2])), 'y');
  const graph = await traceShapes(engine, builder.build(), { N: 2 });
  assert.equal(await fixValues(engine, graph), graph);
});
