import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { floats, type Tensor } from '../../core/tensor.js';
import { type Classifier, withParameters } from '../../nn/classifier.js';
import { convLayers } from '../../nn/feature-maps.js';
import { Predictor } from '../../nn/predict.js';
import { decodeProto } from '../../onnx/read.js';
import { createEngine } from '../../runtime/node/engine.js';
import { tinyNetwork } from '../../testing/batches.js';
import { asConstantsReversed, FOREIGN_CLASSES, type ForeignOptions, foreignModel, withDataBeside } from '../../testing/foreign-model.js';
import { checkSaved, loadModel, loadRunnableModel, saveModel } from './models.js';

let folder: string;
const engine = await createEngine({ device: 'cpu', threads: 1 });
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'models-'));
});
after(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

async function stored(bytes: Uint8Array, name = 'model.onnx'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** The model with every weight of its convolutions changed, as a repair would leave it. */
function changed(model: Classifier): Classifier {
  const weights = convLayers(model.graph).map(({ weight }) => weight);
  const scaled = (value: Tensor): Tensor => ({ ...value, data: floats(value).map((number, i) => number * (i % 3 === 0 ? 0 : 1.5)) });
  return withParameters(model, Object.fromEntries(weights.map((name) => [name, scaled(model.graph.initializers.get(name) as Tensor)])));
}

describe("somebody else's model, changed and written", () => {
  const forms: Record<string, ForeignOptions> = {
    'operator set 7, NHWC, bytes': { opset: 7, layout: 'nhwc', normalize: 'bytes', input: 'uint8' },
    'one image at a time, probabilities': { opset: 9, batch: 1, rows: [1, 96], head: 'Softmax' },
    'batches of 4, logarithms': { batch: 4, rows: [4, 96], head: 'LogSoftmax' },
    float16: { weights: 'float16' },
    'scores in an image': { head: 'image' },
    scores: { head: 'Sigmoid', opset: 20 },
  };
  for (const [name, options] of Object.entries(forms)) {
    test(`is the same file with other weights: ${name}`, async () => {
      const path = await stored(foreignModel({ ...options, metadata: { who: 'me' } }));
      const model = changed(await loadRunnableModel(engine, path));
      const out = join(folder, 'out.onnx');
      await saveModel(out, model);
      await checkSaved(engine, out, model);
      const [old, now] = [decodeProto(await readFile(path), path), decodeProto(await readFile(out), out)];
      const kernels = ['conv1.weight', 'conv2.kernel'];
      for (const { name: tensor, rawData } of old.graph.initializer) {
        const same = now.graph.initializer.find((other) => other.name === tensor)?.rawData;
        assert.equal(Buffer.compare(rawData, same as Uint8Array) === 0, !kernels.includes(tensor), tensor);
      }
      for (const proto of [old, now]) proto.graph.initializer = [];
      assert.deepEqual(now, old);
      // Read again, it is the model that was written.
      assert.deepEqual(await loadRunnableModel(engine, out).then(({ imageShape, classes }) => [imageShape, classes]), [
        [3, 8, 8],
        FOREIGN_CLASSES,
      ]);
    });
  }

  test('constants as nodes', async () => {
    const model = changed(await loadRunnableModel(engine, await stored(asConstantsReversed(foreignModel()))));
    await saveModel(join(folder, 'out.onnx'), model);
    await checkSaved(engine, join(folder, 'out.onnx'), model);
  });

  test('tensors beside the file, which stay as they are', async () => {
    const { model: bytes, data } = withDataBeside(foreignModel(), 'weights.bin');
    await writeFile(join(folder, 'weights.bin'), data);
    const model = changed(await loadRunnableModel(engine, await stored(bytes)));
    const out = join(folder, 'beside.onnx');
    await saveModel(out, model);
    await checkSaved(engine, out, model);
    assert.deepEqual(new Uint8Array(await readFile(join(folder, 'weights.bin'))), data);
    assert.ok((await readdir(folder)).includes('beside.onnx.data'));
    await copyFile(out, join(folder, 'lost.onnx'));
    await rm(join(folder, 'beside.onnx.data'));
    await assert.rejects(
      loadRunnableModel(engine, join(folder, 'lost.onnx')),
      /lost\.onnx: keeps tensors in another file, but .*beside\.onnx\.data' does not exist/,
    );
  });

  test('a file that is not what was to be written is found out', async () => {
    const model = await loadRunnableModel(engine, await stored(foreignModel()));
    await assert.rejects(checkSaved(engine, await stored(foreignModel(), 'same.onnx'), changed(model)), /gives other results/);
  });
});

test('a model of one batch size is run in pieces of it, the last one filled up', async () => {
  const plain = await loadRunnableModel(engine, await stored(foreignModel()));
  const graph = { ...plain.graph, inputs: [{ ...plain.graph.inputs[0], dims: [4, 3, 8, 8] }] };
  const images = {
    name: 'made up',
    classes: Array.from({ length: FOREIGN_CLASSES }, String),
    imageShape: [3, 8, 8],
    images: new Uint8Array(6 * 192).map((_, i) => i % 256),
  } as const;
  const [any, four] = [await Predictor.create(engine, plain), await Predictor.create(engine, { ...plain, graph, batch: 4 })];
  const [expected, found] = [await any.logits(images), await four.logits(images)];
  await Promise.all([any.release(), four.release()]);
  assert.equal(found.length, 6 * FOREIGN_CLASSES);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(value - found[i]) < 1e-4);
});

test('a model that was written here says itself which pixels it takes', async () => {
  const path = join(folder, 'own.onnx');
  await saveModel(path, tinyNetwork());
  assert.equal((await loadRunnableModel(engine, path)).origin, undefined);
  assert.deepEqual(await loadRunnableModel(engine, path), await loadModel(path));
  await assert.rejects(
    loadRunnableModel(engine, path, { scale: 255 }),
    /was written by Antidote and says itself which pixels it takes; leave out scale/,
  );
});

test('what was guessed is said', async () => {
  const lines: string[] = [];
  const path = await stored(foreignModel({ head: 'Softmax' }));
  await loadRunnableModel(engine, path, {}, { note: (line) => lines.push(line) });
  assert.equal(lines.length, 2);
  assert.match(lines[0], /model\.onnx: is given pixels in \[0, 1\]/);
});
