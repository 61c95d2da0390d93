import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { Random } from '../core/random.js';
import type { Graph } from '../onnx/graph.js';
import { writeModel } from '../onnx/write.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { decodeClassifier, encodeClassifier } from './onnx-file.js';
import { preActResNet } from './preactresnet.js';

const network = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.25], width: 2, depths: [1, 1] });
const bytes = encodeClassifier(network);

test('what is written is read back, and written again it is the same bytes', () => {
  const read = decodeClassifier(bytes, 'a.onnx');
  assert.deepEqual({ ...read, graph: undefined }, { ...network, graph: undefined });
  const wiring = ({ nodes }: Graph) => nodes.map(({ name, opType, inputs, outputs }) => ({ name, opType, inputs, outputs }));
  assert.deepEqual(wiring(read.graph), wiring(network.graph));
  assert.deepEqual(read.graph.initializers, network.graph.initializers);
  assert.deepEqual(encodeClassifier(read), bytes);
  assert.notDeepEqual(encodeClassifier(read, { 'antidote.defense': 'fmp' }), bytes);
});

test('a file cut anywhere is a user error of one line', () => {
  // Last stands the name: three tags with lengths, key and value. Without it the model is whole, but called after its graph.
  const nameless = bytes.length - (6 + 'antidote.name'.length + network.name.length);
  const random = new Random(1);
  const cuts = new Set([0, 1, 2, bytes.length - 1, ...Array.from({ length: 400 }, () => random.below(bytes.length))]);
  cuts.delete(nameless);
  for (const cut of cuts) {
    assert.throws(
      () => decodeClassifier(bytes.subarray(0, cut), 'a.onnx'),
      (error) => error instanceof UserError && error.message.startsWith('a.onnx: ') && !error.message.includes('\n'),
      `cut at ${cut}`,
    );
  }
  assert.equal(decodeClassifier(bytes.subarray(0, nameless), 'a.onnx').graph.nodes.length, network.graph.nodes.length);
});

test('bytes changed anywhere never end in anything but a model or a user error', () => {
  const random = new Random(2);
  for (let i = 0; i < 400; i++) {
    const damaged = bytes.slice();
    damaged[random.below(bytes.length)] = random.below(256);
    try {
      decodeClassifier(damaged, 'a.onnx');
    } catch (error) {
      assert.ok(error instanceof UserError, `${error}`);
    }
  }
});

test('a fixed batch size is made free', () => {
  const { graph } = brightnessClassifier(3, [1, 2, 2]);
  const fixed: Graph = {
    ...graph,
    inputs: [{ ...graph.inputs[0], dims: [1, 1, 2, 2] }],
    outputs: [{ ...graph.outputs[0], dims: [1, 3] }],
  };
  const read = decodeClassifier(writeModel({ graph: fixed, opset: 18, metadata: {} }), 'a.onnx');
  assert.deepEqual(read.graph.inputs[0].dims, ['N', 1, 2, 2]);
  assert.deepEqual(read.graph.outputs[0].dims, ['N', 3]);
  assert.equal(read.name, 'brightness');
});

test('models that are no image classifiers are refused', () => {
  const { graph } = brightnessClassifier(3, [1, 2, 2]);
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  const cases: [Partial<Graph>, RegExp][] = [
    [{ inputs: [], nodes: [], outputs: [] }, /the model has 0 inputs, expected one input of float32 pixels \[N, C, H, W\]; export/],
    [{ inputs: [{ ...input, dims: ['N', 4] }] }, /input 'pixels' is float32 \[N, 4\], expected/],
    [{ inputs: [{ ...input, dims: ['N', 1, 'H', 'W'] }] }, /input 'pixels' is float32 \[N, 1, H, W\]/],
    [{ inputs: [{ ...input, dims: undefined }] }, /input 'pixels' is float32 of unknown shape/],
    [{ inputs: [{ ...input, type: 'uint8' }] }, /input 'pixels' is uint8/],
    [{ inputs: [input, { ...input, name: 'more' }] }, /has 2 inputs/],
    [{ outputs: [{ ...output, dims: ['N', 3, 1] }] }, /output 'logits' is float32 \[N, 3, 1\], expected one output/],
    [{ outputs: [{ ...output, type: 'int64' }] }, /output 'logits' is int64/],
    [{ outputs: [output, output] }, /has 2 outputs/],
  ];
  for (const [change, problem] of cases) {
    const file = writeModel({ graph: { ...graph, ...change }, opset: 18, metadata: {} });
    assert.throws(
      () => decodeClassifier(file, 'a.onnx'),
      (error) => error instanceof UserError && problem.test(error.message),
      String(problem),
    );
  }
});

test('another operator set is refused by its number', () => {
  const file = writeModel({ graph: brightnessClassifier(3, [1, 2, 2]).graph, opset: 11, metadata: {} });
  assert.throws(() => decodeClassifier(file, 'old.onnx'), /old\.onnx: is written in ONNX operator set 11, but only 18 can be read/);
});
