import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { pullBack } from '../autodiff/gradient.js';
import { zeros } from '../core/tensor.js';
import { preActResNet } from '../nn/preactresnet.js';
import { createEngine } from '../runtime/node/engine.js';
import { traceShapes } from '../runtime/trace.js';
import { GraphBuilder } from './builder.js';
import { inferShapes } from './infer-shapes.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

describe('inferred shapes', () => {
  test('are those that running the graph gives, forwards and backwards', async () => {
    const { graph } = preActResNet({ imageShape: [3, 9, 8], classes: 4, mean: [0, 0, 0], std: [1, 1, 1], width: 4, depths: [1, 2] });
    const traced = await traceShapes(engine, graph, { N: 3 });
    const builder = new GraphBuilder('gradient', { ...traced, types: new Map() });
    const of = 'layer2.1.conv2';
    const cotangent = builder.input('cotangent', 'float32', traced.types.get(of)?.dims);
    builder.output(pullBack(builder, traced, [[of, cotangent]], ['pixels'])[0]);
    const whole = builder.build();
    const expected = (await traceShapes(engine, whole)).types;
    const inferred = inferShapes(whole);
    const convolutional = whole.nodes.filter(({ outputs }) => !['Flatten', 'linear', 'logits'].some((name) => outputs[0].startsWith(name)));
    assert.ok(convolutional.length > 50);
    for (const { opType, outputs } of convolutional) {
      assert.deepEqual(inferred.get(outputs[0]), expected.get(outputs[0])?.dims, `${opType} ${outputs[0]}`);
    }
  });

  test('leave open what is not known, and leave out what is not understood', () => {
    const builder = new GraphBuilder('g');
    const x = builder.input('x', 'float32', ['N', 4, 6, 6]);
    const [pooled] = builder.op('MaxPool', [x], {
      kernel_shape: { kind: 'ints', value: [2, 2] },
      strides: { kind: 'ints', value: [2, 2] },
    });
    const joined = builder.concat([pooled, pooled], 1);
    const split = builder.reshape(joined, [-1, 2, 4, 3, 3]);
    const cropped = builder.slice(split, [-1, 0], [-(2 ** 31), 2], [2, 3], [-1, 1]);
    const [unknown] = builder.op('Einsum', [cropped], { equation: { kind: 'string', value: 'ncdhw->n' } });
    const after = builder.add(unknown, builder.constant(zeros('float32', [2])));
    const shapes = inferShapes(builder.build());
    assert.deepEqual(shapes.get(joined), [undefined, 8, 3, 3]);
    assert.deepEqual(shapes.get(split), [undefined, 2, 4, 3, 3]);
    assert.deepEqual(shapes.get(cropped), [undefined, 2, 4, 2, 3]);
    assert.equal(shapes.has(unknown) || shapes.has(after), false);
  });
});
