import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { floats, full, sizeOf } from '../core/tensor.js';
import { float, GraphBuilder, int, type Value } from '../onnx/builder.js';
import type { Attribute } from '../onnx/graph.js';
import { runOnce, type Tensors } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { traceShapes } from '../runtime/trace.js';
import { asTensor, readFixture, relativeError, type StoredTensor } from '../testing/fixtures.js';
import { gradient } from './gradient.js';

const TOLERANCE = 1e-5;
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

interface OperatorFixture {
  readonly name: string;
  readonly op: string;
  readonly attributes: Record<string, Attribute>;
  readonly inputs: readonly StoredTensor[];
  readonly output: StoredTensor;
  readonly cotangent: StoredTensor;
  readonly gradients: readonly StoredTensor[];
}

interface BatchNormalizationFixture {
  readonly momentum: number;
  readonly epsilon: number;
  readonly scale: StoredTensor;
  readonly bias: StoredTensor;
  readonly steps: readonly {
    readonly input: StoredTensor;
    readonly output: StoredTensor;
    readonly cotangent: StoredTensor;
    readonly gradients: Record<'input' | 'scale' | 'bias', StoredTensor>;
    readonly runningMean: StoredTensor;
    readonly runningVariance: StoredTensor;
  }[];
}

interface CrossEntropyFixture {
  readonly logits: StoredTensor;
  readonly labels: readonly number[];
  readonly labelSmoothing: number;
  readonly loss: number;
  readonly gradient: StoredTensor;
}

/** Outputs of the graph and the gradients of `scalar`, by the names `gradient` gives them. */
async function differentiate(builder: GraphBuilder, scalar: Value, feeds: Tensors, names: readonly string[]): Promise<Tensors> {
  builder.output(scalar);
  return runOnce(engine, gradient(await traceShapes(engine, builder.build(), {}, feeds), scalar, names), feeds);
}

function contracted(builder: GraphBuilder, value: Value, cotangent: StoredTensor): Value {
  return builder.reduceSum(builder.mul(value, builder.constant(asTensor(cotangent))));
}

function assertClose(found: Tensors, name: string, expected: StoredTensor): void {
  assert.deepEqual(found[name].dims, expected.dims, name);
  const error = relativeError(floats(found[name], name), expected.data);
  assert.ok(error <= TOLERANCE, `${name}: relative error ${error}`);
}

describe('values and gradients are those of PyTorch', () => {
  for (const { name, op, attributes, inputs, output, cotangent, gradients } of readFixture<OperatorFixture[]>('operators')) {
    test(name, async () => {
      const builder = new GraphBuilder(op);
      const feeds: Tensors = Object.fromEntries(inputs.map((input, i) => [`x${i}`, asTensor(input)]));
      const names = Object.keys(feeds).map((input) => builder.input(input, 'float32', feeds[input].dims));
      const [y] = builder.op(op, names, attributes, 1, 'y');
      builder.output(y);
      const found = await differentiate(builder, contracted(builder, y, cotangent), feeds, names);
      assertClose(found, 'y', output);
      gradients.forEach((expected, i) => {
        assertClose(found, `grad:x${i}`, expected);
      });
    });
  }

  readFixture<CrossEntropyFixture[]>('cross-entropy').forEach(({ logits, labels, labelSmoothing, loss, gradient: expected }, i) => {
    test(`cross_entropy ${i}`, async () => {
      const [rows, classes] = logits.dims;
      const builder = new GraphBuilder('cross-entropy');
      const x = builder.input('x', 'float32', logits.dims);
      const share = (row: number, k: number) => (labels[row] === k ? 1 - labelSmoothing : 0) + labelSmoothing / classes;
      const target = Array.from({ length: rows * classes }, (_, at) => share(Math.floor(at / classes), at % classes));
      const weighted = builder.mul(builder.constant(asTensor({ dims: logits.dims, data: target })), builder.logSoftmax(x));
      const scalar = builder.div(builder.neg(builder.reduceSum(weighted)), builder.scalar(rows));
      const found = await differentiate(builder, scalar, { x: asTensor(logits) }, ['x']);
      assert.ok(Math.abs(floats(found[scalar])[0] - loss) <= TOLERANCE * loss);
      assertClose(found, 'grad:x', expected);
    });
  });
});

test('ten training steps of batch normalisation are those of PyTorch', async () => {
  const { momentum, epsilon, scale, bias, steps } = readFixture<BatchNormalizationFixture>('batch-normalization');
  const [images, channels, ...image] = steps[0].input.dims;
  const count = images * sizeOf(image);
  const running = { mean: new Float64Array(channels), variance: new Float64Array(channels).fill(1) };
  for (const step of steps) {
    const builder = new GraphBuilder('norm');
    const names = ['input', 'scale', 'bias'];
    const feeds: Tensors = { input: asTensor(step.input), scale: asTensor(scale), bias: asTensor(bias) };
    for (const name of names) builder.input(name, 'float32', feeds[name].dims);
    // Not equal: ONNX Runtime stores equal small constants once, and then writes both statistics to the same place.
    const unread = [0, 1].map((value) => builder.constant(full([channels], value)));
    // At momentum 0 the node returns the batch's own statistics. PyTorch keeps the unbiased variance, ONNX the biased one.
    const attributes = { training_mode: int(1), momentum: float(0), epsilon: float(epsilon) };
    const outputs = ['y', 'mean', 'variance'];
    builder.append({ name: 'norm', opType: 'BatchNormalization', domain: '', inputs: [...names, ...unread], outputs, attributes });
    for (const output of outputs) builder.output(output);
    const found = await differentiate(builder, contracted(builder, 'y', step.cotangent), feeds, names);
    assertClose(found, 'y', step.output);
    for (const name of ['input', 'scale', 'bias'] as const) assertClose(found, `grad:${name}`, step.gradients[name]);
    for (let c = 0; c < channels; c++) {
      running.mean[c] += momentum * (floats(found.mean)[c] - running.mean[c]);
      running.variance[c] += momentum * ((floats(found.variance)[c] * count) / (count - 1) - running.variance[c]);
    }
    assert.ok(relativeError(running.mean, step.runningMean.data) <= TOLERANCE);
    assert.ok(relativeError(running.variance, step.runningVariance.data) <= TOLERANCE);
  }
});
