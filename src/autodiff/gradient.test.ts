import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { float32, floats, int64, type Tensor } from '../core/tensor.js';
import { GraphBuilder, int, ints, type Value } from '../onnx/builder.js';
import { runOnce, type Tensors } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { traceShapes } from '../runtime/trace.js';
import { gradient } from './gradient.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

/** The gradient of what `build` returns (summed) with respect to inputs of these values. */
async function gradientOf(inputs: Tensors, build: (builder: GraphBuilder) => Value, names = Object.keys(inputs)): Promise<number[][]> {
  const builder = new GraphBuilder('test');
  for (const [name, { type, dims }] of Object.entries(inputs)) builder.input(name, type, dims);
  const output = builder.output(build(builder));
  const graph = gradient(await traceShapes(engine, builder.build(), {}, inputs), output, names);
  const results = await runOnce(engine, graph, inputs);
  for (const name of names.filter((name) => inputs[name])) assert.deepEqual(results[`grad:${name}`].dims, inputs[name].dims);
  return names.map((name) => Array.from(floats(results[`grad:${name}`])));
}

const vector = (...values: number[]): Tensor => float32([values.length], values);

describe('gradient', () => {
  test('adds up what every reader of a value passes back', async () => {
    // x + x^2 + x^3, with x read by four nodes and twice by one of them.
    const [dx] = await gradientOf({ x: vector(1, -2, 0.5) }, (b) => b.add(b.add('x', b.mul('x', 'x')), b.mul(b.mul('x', 'x'), 'x')));
    assert.deepEqual(dx, [6, 9, 2.75]);
  });

  test('is zero for inputs that the output does not depend on', async () => {
    const unused = float32([2, 2], [1, 2, 3, 4]);
    const [, dUnused] = await gradientOf({ x: vector(1, 2), unused }, (b) => {
      b.exp('unused');
      return b.relu('x');
    });
    assert.deepEqual(dUnused, [0, 0, 0, 0]);
  });

  test('reaches parameters and values in between', async () => {
    const build = (b: GraphBuilder) => {
      b.parameter('w', vector(2, 3));
      b.append({ name: 'product', opType: 'Mul', domain: '', inputs: ['x', 'w'], outputs: ['product'], attributes: {} });
      return b.mul('product', 'product');
    };
    const [dw, dProduct] = await gradientOf({ x: vector(1, -1) }, build, ['w', 'product']);
    assert.deepEqual(dw, [4, 6]);
    assert.deepEqual(dProduct, [4, -6]);
  });

  test('of the value itself is one', async () => {
    assert.deepEqual(await gradientOf({ x: vector(5, 6) }, (b) => b.identity('x'), ['x']), [[1, 1]]);
  });

  test('uses the cotangent of each output of a node that has several', async () => {
    const [dx] = await gradientOf({ x: vector(1, 2, 3, 4) }, (b) => {
      const [, second] = b.op('Split', ['x'], { axis: int(0), num_outputs: int(2) }, 2);
      return b.mul(second, second);
    });
    assert.deepEqual(dx, [0, 0, 6, 8]);
  });

  test('does not take an output that is left out for an input that is', async () => {
    const [dx] = await gradientOf({ x: vector(0.25, 3) }, (b) => {
      b.append({ name: 'dropout', opType: 'Dropout', domain: '', inputs: ['x'], outputs: ['y', ''], attributes: {} });
      return b.op('Clip', ['y', '', b.scalar(2)])[0];
    });
    assert.deepEqual(dx, [1, 0]);
  });

  test('names the operator and the node that has no rule', async () => {
    const attempt = gradientOf({ x: vector(1, 2) }, (b) => b.op('Hardmax', ['x'], {}, 1, 'head.choice')[0]);
    await assert.rejects(attempt, (error) => error instanceof UserError && /Hardmax 'head\.choice'/.test(error.message));
  });

  test('does not ask for a rule where no derivative is wanted', async () => {
    const [dx] = await gradientOf({ x: vector(1, 2), z: vector(0, 3) }, (b) => b.mul('x', b.op('Hardmax', ['z'])[0]), ['x']);
    assert.deepEqual(dx, [0, 1]);
  });

  test('names a setting that the graph computes instead of stating it', async () => {
    const attempt = gradientOf({ x: float32([2, 2], [1, 2, 3, 4]), axes: int64([1], [1]) }, (b) => b.op('ReduceSum', ['x', 'axes'])[0], [
      'x',
    ]);
    await assert.rejects(attempt, (error) => error instanceof UserError && /ReduceSum .*'axes'/.test(error.message));
  });

  test('refuses padding of an unknown kind', async () => {
    const attributes = { mode: { kind: 'string', value: 'wrap' } } as const;
    const attempt = gradientOf({ x: vector(1, 2, 3) }, (b) => b.op('Pad', ['x', b.integers([1, 1])], attributes)[0]);
    await assert.rejects(attempt, (error) => error instanceof UserError && /Pad .*mode 'wrap'/.test(error.message));
  });

  test('refuses dropout in training mode', async () => {
    const attempt = gradientOf({ x: vector(1, 2, 3) }, (b) => {
      const training = b.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
      return b.op('Dropout', ['x', b.scalar(0.5), training])[0];
    });
    await assert.rejects(attempt, (error) => error instanceof UserError && /Dropout/.test(error.message));
  });
});

describe('where a derivative does not exist', () => {
  const steps: [string, (b: GraphBuilder) => Value, number[]][] = [
    ['Floor', (b) => b.op('Floor', ['x'])[0], [-2, 0, 1]],
    ['Ceil', (b) => b.op('Ceil', ['x'])[0], [-1, 1, 2]],
    ['Round', (b) => b.op('Round', ['x'])[0], [-1, 0, 2]],
    ['Sign', (b) => b.sign('x'), [-1, 1, 1]],
    ['Greater', (b) => b.cast(b.greater('x', b.scalar(0)), 'float32'), [0, 1, 1]],
    ['ArgMax', (b) => b.cast(b.argMax('x', 0), 'float32'), [2, 2, 2]],
    ['Shape', (b) => b.cast(b.op('Shape', ['x'])[0], 'float32'), [3, 3, 3]],
  ];
  for (const [name, build, expected] of steps) {
    test(`${name} counts as a constant`, async () => {
      const [dx] = await gradientOf({ x: vector(-1.25, 0.25, 1.75) }, (b) => b.mul('x', build(b)));
      assert.deepEqual(dx, expected);
    });
  }

  test('Relu, LeakyRelu and Abs have slopes 0, alpha and 0 at zero', async () => {
    const slopes = (build: (b: GraphBuilder) => Value) => gradientOf({ x: vector(-1, 0, 1) }, build);
    assert.deepEqual(await slopes((b) => b.relu('x')), [[0, 0, 1]]);
    assert.deepEqual(await slopes((b) => b.op('LeakyRelu', ['x'], { alpha: { kind: 'float', value: 0.25 } })[0]), [[0.25, 0.25, 1]]);
    assert.deepEqual(await slopes((b) => b.abs('x')), [[-1, 0, 1]]);
  });

  test('Clip passes the gradient at its bounds', async () => {
    assert.deepEqual(await gradientOf({ x: vector(-2, -1, 0, 1, 2) }, (b) => b.clip('x', -1, 1)), [[0, 1, 1, 1, 0]]);
  });

  test('Max and ReduceMax share it between equal values', async () => {
    assert.deepEqual(await gradientOf({ x: vector(1, 2, 3), y: vector(1, 3, 2) }, (b) => b.max('x', 'y')), [
      [0.5, 0, 1],
      [0.5, 1, 0],
    ]);
    assert.deepEqual(await gradientOf({ x: vector(3, 1, 3, 3) }, (b) => b.mul(b.reduceMax('x'), b.scalar(3))), [[1, 0, 1, 1]]);
  });

  test('MaxPool gives it to the first of equal values', async () => {
    const x = float32([1, 1, 3, 4], [1, 1, 0, 0, 1, 1, 0, 0, 2, 2, -1, -3]);
    const attributes = { kernel_shape: ints([2, 2]) };
    const [dx] = await gradientOf({ x }, (b) => b.op('MaxPool', ['x'], attributes)[0]);
    assert.deepEqual(dx, [1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 0]);
  });

  test('Pow has finite slopes at base zero, and ReduceL2 at the origin', async () => {
    assert.deepEqual(await gradientOf({ x: vector(0, 0), p: vector(2, 1) }, (b) => b.pow('x', 'p')), [
      [0, 1],
      [0, 0],
    ]);
    assert.deepEqual(await gradientOf({ x: vector(0, 0) }, (b) => b.op('ReduceL2', ['x'])[0]), [[0, 0]]);
  });
});
