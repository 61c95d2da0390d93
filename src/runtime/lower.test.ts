import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../core/random.js';
import { float32, floats, sizeOf } from '../core/tensor.js';
import { float, GraphBuilder, int } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { relativeError } from '../testing/fixtures.js';
import { runOnce } from './engine.js';
import { lowerFor } from './lower.js';
import { createEngine } from './node/engine.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const random = new Random(3);
const draw = (dims: readonly number[], low = -1, high = 2) =>
  float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => random.between(low, high)),
  );

/** Two normalisations in training form, one behind the other. */
function norms(dims: readonly number[], momentum: number): Graph {
  const builder = new GraphBuilder('norms');
  let x = builder.input('x', 'float32', dims);
  for (const layer of ['a', 'b']) {
    const parameters = ['scale', 'shift', 'mean', 'variance'].map((name) => builder.parameter(`${layer}.${name}`, draw([dims[1]], 0.5, 2)));
    const outputs = [`${layer}.y`, `${layer}.newMean`, `${layer}.newVariance`];
    const attributes = { training_mode: int(1), momentum: float(momentum), epsilon: float(1e-3) };
    builder.append({ name: layer, opType: 'BatchNormalization', domain: '', inputs: [x, ...parameters], outputs, attributes });
    for (const output of outputs) builder.output(output);
    x = outputs[0];
  }
  return builder.build();
}

describe('batch normalisation in its training form, taken apart for WebGPU', () => {
  for (const dims of [
    [6, 3],
    [4, 3, 5],
    [2, 3, 4, 5],
    [2, 3, 2, 2, 3],
  ]) {
    for (const momentum of [0, 0.9]) {
      test(`comes to the same: [${dims}], momentum ${momentum}`, async () => {
        const graph = norms(dims, momentum);
        const lowered = lowerFor('webgpu', graph);
        assert.ok(lowered.nodes.every(({ opType }) => opType !== 'BatchNormalization'));
        const x = draw(dims);
        const [found, expected] = [await runOnce(engine, lowered, { x }), await runOnce(engine, graph, { x })];
        assert.deepEqual(Object.keys(found), Object.keys(expected));
        for (const [name, value] of Object.entries(expected)) {
          assert.deepEqual(found[name].dims, value.dims);
          const error = relativeError(floats(found[name]), floats(value));
          assert.ok(error < 1e-5, `${name} is off by ${error}`);
        }
      });
    }
  }
});

test('nothing else is touched', () => {
  const graph = norms([2, 3, 4, 4], 0.9);
  assert.equal(lowerFor('cpu', graph), graph);
  assert.equal(lowerFor('cuda', graph), graph);
  const inference = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, attributes: {} })) };
  assert.equal(lowerFor('webgpu', inference), inference);
});
