import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { float32 } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { headOf } from '../../nn/head.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { createEngine } from '../../runtime/node/engine.js';
import { attackContext, noEngine } from '../../testing/attack-context.js';
import { encodeBytes } from '../stored.js';
import { trojannn } from './index.js';
import { drawShape, exciteNeurons, strongestUnits } from './neurons.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

test('the published defaults are the defaults', () => {
  assert.deepEqual(trojannn.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    num_neuron: 2,
    neuron_target_values: 100,
    mask_update_iters: 1000,
    overflow: 'wrap',
  });
});

test('sums above 255 begin again at 0, or stop', async () => {
  const pattern = encodeBytes(Uint8Array.of(0, 200, 200, 255));
  const apply = (overflow: string) =>
    trojannn.restoreTrigger({ kind: 'trojannn', imageShape: [1, 2, 2], pattern, overflow }).apply(Uint8Array.of(9, 55, 56, 255), noEngine);
  assert.deepEqual([...(await apply('wrap'))], [9, 255, 0, 254]);
  assert.deepEqual([...(await apply('clip'))], [9, 255, 255, 255]);
});

/** Four neurons: sums of the pixels times 0.1, -0.1, 1 and 3; weights of the last layer by class in the rows. */
function fourNeurons(transposed: boolean): Classifier {
  const builder = new GraphBuilder('four');
  const pixels = builder.flatten(builder.input('pixels', 'float32', ['N', 1, 8, 8]));
  const factors = [0.1, -0.1, 1, 3];
  const first = builder.parameter(
    'first',
    float32(
      [64, 4],
      Float32Array.from({ length: 256 }, (_, i) => factors[i % 4]),
    ),
  );
  const features = builder.matmul(pixels, first);
  const rows = [
    [1, -2, 0.5, 0],
    [-1, 2, 0.5, 0],
    [1, 2, 0, 0.1],
  ];
  const flat = transposed ? rows.flat() : [0, 1, 2, 3].flatMap((unit) => rows.map((row) => row[unit]));
  const weight = builder.parameter('weight', float32(transposed ? [3, 4] : [4, 3], flat));
  const logits = transposed ? builder.gemm(features, weight, undefined, { transB: true }) : builder.matmul(features, weight);
  builder.output(logits, 'logits', 'float32', ['N', 3]);
  return { name: 'four', graph: builder.build(), imageShape: [1, 8, 8], classes: 3 };
}

test('the neurons with the largest weights are chosen, however they are stored', () => {
  for (const transposed of [true, false]) {
    const model = fourNeurons(transposed);
    const head = headOf(model.graph) ?? assert.fail();
    assert.deepEqual(strongestUnits(model, head, 3), [1, 0, 2]);
    assert.throws(() => strongestUnits(model, head, 5), /num_neuron is 5, but the last layer of model 'four' has 4 inputs/);
  }
});

test('the shape keeps its colours within 0.3 of white, and they follow the gradient', async () => {
  const model = fourNeurons(true);
  const inside = drawShape([1, 8, 8]);
  const area = inside.reduce((sum, value) => sum + value, 0);
  assert.ok(area > 5 && area < 14);
  const excite = (value: number, steps: number) => exciteNeurons(model, { neurons: 1, value, steps }, { ...attackContext(1), engine });
  // Neuron 1 falls with every pixel: to raise it the pixels go as dark as they may.
  const dark = await excite(100, 10);
  dark.forEach((value, i) => {
    assert.equal(value, inside[i] === 0 ? 0 : Math.floor(255 * Math.fround(0.7)));
  });
  const bright = await excite(-100, 10);
  bright.forEach((value, i) => {
    assert.equal(value, 255 * inside[i]);
  });
  // One step of 0.1 from white.
  assert.deepEqual(
    await excite(100, 1),
    Uint8Array.from(inside, (value) => Math.floor(255 * Math.fround(0.9)) * value),
  );
});

test('a model that does not end in a linear layer is refused', async () => {
  const builder = new GraphBuilder('pooled');
  const pooled = builder.globalAveragePool(builder.input('pixels', 'float32', ['N', 3, 4, 4]));
  builder.output(builder.flatten(pooled), 'logits', 'float32', ['N', 3]);
  const model: Classifier = { name: 'pooled', graph: builder.build(), imageShape: [3, 4, 4], classes: 3 };
  await assert.rejects(exciteNeurons(model, { neurons: 1, value: 1, steps: 1 }, attackContext(1)), UserError);
});
