import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import type { Dataset } from '../data/dataset.js';
import type { Classifier } from '../nn/classifier.js';
import { GraphBuilder } from '../onnx/builder.js';
import { createEngine } from '../runtime/node/engine.js';
import { fp } from './fp.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const context = { engine, random: new Random(1) };

/** Dark images of class 0 and bright ones of class 1. */
const clean: Dataset = {
  name: 'dark and bright',
  split: 'train',
  classes: ['dark', 'bright'],
  imageShape: [1, 1, 2],
  images: Uint8Array.from({ length: 80 }, (_, i) => (Math.floor(i / 2) % 2 === 0 ? 40 + i : 160 + i)),
  labels: Int32Array.from({ length: 40 }, (_, i) => i % 2),
  checksums: {},
};

/** Five units: two idle ones that a trigger could use, one weak one that no class needs, and two that tell the classes apart. */
function model(transposed: boolean): Classifier {
  const builder = new GraphBuilder('units');
  const pixels = builder.flatten(builder.input('pixels', 'float32', ['N', 1, 1, 2]));
  const units = builder.relu(
    builder.gemm(
      pixels,
      builder.parameter('first', float32([2, 5], [1, -9, 0, 0.1, -1, 1, -9, 0, 0.1, -1])),
      builder.parameter('bias', float32([5], [0, 0, -1, 0, 2])),
    ),
  );
  const rows = [-1, 5, 7, 1, 1, 1, -5, 7, 1, -1];
  const weight = transposed
    ? float32([2, 5], rows)
    : float32(
        [5, 2],
        Array.from({ length: 10 }, (_, i) => rows[(i % 2) * 5 + (i >> 1)]),
      );
  builder.output(builder.gemm(units, builder.parameter('last', weight), undefined, { transB: transposed }), 'logits', 'float32', ['N', 2]);
  return { name: 'units', graph: builder.build(), imageShape: [1, 1, 2], classes: 2 };
}

for (const transposed of [true, false]) {
  const options = fp.options.parse({ once_prune_ratio: 0.2, epochs: 3, batch_size: 10 });
  test(`idle units are cut off one after the other until accuracy falls, and stay so (${transposed ? 'K x M' : 'M x K'})`, async () => {
    const repair = await fp.repair({ model: model(transposed), clean }, options, context);
    const { last } = repair.pruned;
    for (const idle of [1, 2]) assert.ok(last.includes(idle), `${last}`);
    assert.ok(last.length < 5);
    const weight = floats(repair.model.graph.initializers.get('last') as Tensor);
    for (let unit = 0; unit < 5; unit++) {
      for (let k = 0; k < 2; k++) {
        const value = weight[transposed ? k * 5 + unit : unit * 2 + k];
        assert.equal(value === 0, last.includes(unit), `unit ${unit}`);
      }
    }
    assert.match(repair.rule, /held-out clean images/);
    assert.equal(repair.history.length, 3);
  });
}

test('a step that would cost too much is not taken', async () => {
  const options = fp.options.parse({ once_prune_ratio: 0.8, acc_ratio: 0.01, epochs: 0 });
  const repair = await fp.repair({ model: model(true), clean }, options, context);
  assert.deepEqual(repair.pruned.last, []);
  assert.deepEqual(repair.model.graph.initializers, model(true).graph.initializers);
});

test('a model without a linear layer is refused', async () => {
  const builder = new GraphBuilder('pooled');
  const pooled = builder.reduceMean(builder.input('pixels', 'float32', ['N', 2, 1, 2]), [2, 3]);
  builder.output(pooled, 'logits', 'float32', ['N', 2]);
  const plain: Classifier = { name: 'pooled', graph: builder.build(), imageShape: [2, 1, 2], classes: 2 };
  await assert.rejects(fp.repair({ model: plain, clean }, fp.options.parse({}), context), /no linear layer with stored weights/);
});
