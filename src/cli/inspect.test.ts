import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Inspection } from '../nn/import/inspect.js';
import { encodeClassifier } from '../nn/onnx-file.js';
import { GraphBuilder } from '../onnx/builder.js';
import { writeModel } from '../onnx/write.js';
import { tinyNetwork } from '../testing/batches.js';
import { runCli } from '../testing/cli.js';
import { foreignGraph, foreignModel } from '../testing/foreign-model.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inspect-'));
});
after(() => rm(folder, { recursive: true }));

async function inspect(bytes: Uint8Array, ...options: string[]) {
  const path = join(folder, 'm.onnx');
  await writeFile(path, bytes);
  return runCli(['inspect', path, ...options]);
}

/** The small model with more behind it. */
function extended(change: (builder: GraphBuilder) => void): Uint8Array {
  const builder = new GraphBuilder('extended', foreignGraph());
  change(builder);
  return writeModel({ graph: builder.build(), opset: 13, metadata: {} });
}

test('a model is described by its inputs, layers and operators, and tried', async () => {
  const { code, out, err } = await inspect(foreignModel({ opset: 9, batch: 1, rows: [1, 96], head: 'Softmax' }));
  assert.equal(code, 0, err);
  const shown = [
    /^Model +.*m\.onnx, ONNX operator set 9$/m,
    /^Input +input: float32 \[1, 3, 8, 8\]$/m,
    /^Output +output: float32 \[1, 5\]$/m,
    /^Images +3 x 8 x 8; pixels in \[0, 1\]; NCHW$/m,
    /^Classes +5; probabilities; the logits are what goes into Softmax 'Softmax_9'$/m,
    /^Batch +any number of images$/m,
    /^Parameters +629$/m,
    /^Feature maps +10 in 2 convolutions$/m,
    /^Conv_0 +4 +3 x 3 +1 x 1 +1 +yes$/m,
    /^Conv_5 +6 +1 x 1 +1 x 1 +1 +no$/m,
    /^Conv +2 +yes$/m,
    /made for a batch of 1; it takes any number of images after a change of Reshape/,
    /^Supported: it was run, its results compared/m,
  ];
  for (const pattern of shown) assert.match(out, pattern);
});

test('for programs, it is one line of JSON', async () => {
  const { out } = await inspect(foreignModel(), '--json', '--scale', '255');
  const { event, ...found } = JSON.parse(out) as { event: string } & Inspection;
  assert.equal(event, 'result');
  assert.equal(found.opset, 13);
  assert.deepEqual(found.problems, []);
  assert.deepEqual(found.layers[1], { name: 'Conv_5', maps: 6, kernel: [1, 1], strides: [1, 1], groups: 1, normalised: false });
  assert.deepEqual(found.operators[0], { operator: 'Conv', nodes: 2, supported: true });
  assert.deepEqual(found.classifier?.imageShape, [3, 8, 8]);
  assert.equal(found.classifier?.pixels, 'pixels in [0, 255]; NCHW');
});

test('everything that is not supported is named, with its node', async () => {
  const { code, out } = await inspect(
    extended((b) => {
      const picked = b.op('Hardmax', ['output'], {}, 1, 'pick')[0];
      b.append({ name: 'odd', opType: 'BiasGelu', domain: 'com.microsoft', inputs: [picked, 'fc.bias'], outputs: ['odd'], attributes: {} });
      b.output('odd');
    }),
  );
  assert.equal(code, 0);
  assert.match(out, /^com\.microsoft\.BiasGelu +1 +NO$/m);
  assert.match(out, /^Hardmax +1 +NO$/m);
  assert.match(out, /Not supported:\n {2}com\.microsoft\.BiasGelu 'odd' is no operator of ONNX itself/);
  assert.match(out, /^ {2}no gradient is known for Hardmax 'pick'$/m);
});

test('a model that does not classify images, or leaves something open, is described as far as it goes', async () => {
  const two = await inspect(extended((b) => b.output(b.add('output', b.input('more', 'float32', []))) && undefined));
  assert.match(two.out, /^Input +more: float32 \[\]$/m);
  assert.match(two.out, /Not supported:\n.*the model has 2 inputs \('input', 'more'\)/);
  const open = await inspect(foreignModel({ size: 'side' }));
  assert.match(open.out, /leaves the size of the images open; give it with --image-size/);
  assert.match((await inspect(foreignModel({ size: 'side' }), '--image-size', '12')).out, /^Images +3 x 12 x 12/m);
});

test('a model without convolutions, and one that was written here', async () => {
  const builder = new GraphBuilder('linear');
  const weight = builder.parameter('w', { type: 'float32', dims: [12, 2], data: new Float32Array(24).map(Math.sin) });
  builder.output(builder.matmul(builder.flatten(builder.input('x', 'float32', ['N', 3, 2, 2])), weight), 'y', 'float32', ['N', 2]);
  const { out } = await inspect(writeModel({ graph: builder.build(), opset: 12, metadata: {} }));
  assert.match(out, /^Feature maps +none: the model has no convolution$/m);
  assert.match(out, /fmp has nothing to look at; ft works/);
  assert.match((await inspect(encodeClassifier(tinyNetwork()))).out, /^Images +1 x 8 x 8; pixels in \[0, 1\]; NCHW$/m);
});

test('what is no ONNX model is refused in one line', async () => {
  for (const bytes of [Uint8Array.of(), new TextEncoder().encode('# Notes\n'), foreignModel().subarray(0, 1000)]) {
    const { code, err } = await inspect(bytes);
    assert.equal(code, 2);
    assert.match(err, /^antidote: .*m\.onnx: .*\n$/);
  }
});
