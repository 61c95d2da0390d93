import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import type { Tensor } from '../../core/tensor.js';
import { findDefense } from '../../defenses/registry.js';
import { writeTorch } from '../../formats/torch/write.js';
import { stateDict } from '../../nn/state-dict.js';
import { findArchitecture } from '../../nn/zoo/registry.js';
import { createEngine } from '../../runtime/node/engine.js';
import { photos } from '../../testing/photos.js';
import { temporaryFolders, temporaryHome } from '../../testing/temporary.js';
import { dataOptions } from '../data-options.js';
import { inspectCheckpoint } from './inspect-checkpoint.js';
import { loadCheckpointModel } from './load-checkpoint.js';
import { loadModel } from './models.js';
import { runEvaluate } from './run-evaluate.js';
import { runRepair } from './run-repair.js';
import { loadCheckpointFile } from './state-files.js';

const CLASSES = 3;
const place = temporaryFolders();
temporaryHome(place);
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const network = findArchitecture('preactresnet18').build({
  imageShape: [3, 12, 12],
  classes: CLASSES,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  width: 2,
  depths: [1, 1],
  seed: 4,
});

/** As a model that was trained on several GPUs goes into a file. */
function parallel(state: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map([...state].map(([name, value]) => [`module.${name}`, value]));
}

describe("a state dictionary of somebody else's", () => {
  let folder: string;
  let data: string;
  const settings = () => ({ engine, data: dataOptions.parse({ data }), seed: 0 });
  before(async () => {
    data = await place(photos(CLASSES));
    folder = await place({
      'model.pth': writeTorch(parallel(stateDict(network))),
      'odd.pth': writeTorch(new Map([...stateDict(network)].filter(([name]) => name !== 'layer1.0.bn2.weight'))),
    });
  });

  test('is measured and repaired, and goes out as ONNX and as a state dictionary', async () => {
    const [model, out] = [join(folder, 'model.pth'), join(folder, 'out')];
    const notes: string[] = [];
    const run = {
      ...settings(),
      model,
      out,
      ratio: 0.5,
      defense: findDefense('ft'),
      options: { epochs: 1, batch_size: 6, crop_padding: 0 },
    };
    const { result, files } = await runRepair(run, { note: (line) => notes.push(line) });
    assert.match(notes[0], /model\.pth: .*; its names and shapes are those of preactresnet/);
    assert.match(notes[1], /is given pixels in \[0, 1\], as a state dictionary does not say/);
    assert.ok(files.includes(join(out, 'repaired.pt')) && existsSync(join(out, 'repaired.pt')));

    const repaired = await loadModel(join(out, 'repaired.onnx'));
    const written = loadCheckpointFile(join(out, 'repaired.pt')).tensors;
    assert.deepEqual([...written.keys()], [...stateDict(network).keys()]);
    assert.deepEqual(written.get('linear.weight'), repaired.graph.initializers.get('linear.weight'));
    assert.notDeepEqual(written.get('linear.weight'), stateDict(network).get('linear.weight'));
    const again = await runEvaluate({ ...settings(), model: join(out, 'repaired.pt') });
    assert.equal(again.result.before?.acc, result.after?.acc);
  });

  test('is given the pixels that the options say', () => {
    const pixels = { scale: 255, mean: [100], std: [50, 60, 70], image_size: 12 };
    const { classifier } = loadCheckpointModel(join(folder, 'model.pth'), { pixels });
    const constants = [...classifier.graph.initializers.values()].map(({ data }) => Array.from(data, Number));
    const has = (wanted: readonly number[]) =>
      constants.some((found) => found.length === 3 && found.every((v, i) => Math.abs(v - wanted[i]) < 1e-6));
    assert.ok(has([100 / 255, 100 / 255, 100 / 255]));
    assert.ok(has([50 / 255, 60 / 255, 70 / 255]));
    assert.throws(
      () => loadCheckpointModel(join(folder, 'model.pth'), { pixels: { mean: [1, 2] } }),
      /option mean has 2 numbers, but the model takes 3 channels/,
    );
  });

  test('is inspected, fitting or not', () => {
    const { network: found, layers, parameters, problems } = inspectCheckpoint(join(folder, 'model.pth'));
    assert.match(found ?? '', /^preactresnet/);
    assert.equal(layers.length, 6);
    assert.equal(
      parameters,
      [...stateDict(network)].reduce((sum, [name, { data }]) => sum + (/running|num_batches/.test(name) ? 0 : data.length), 0),
    );
    assert.deepEqual(problems, []);
    const odd = inspectCheckpoint(join(folder, 'odd.pth'));
    assert.match(odd.problems[0], /is nearest to preactresnet18, but it lacks layer1\.0\.bn2\.weight;/);
  });

  test('of no known network is refused before any work, as is --arch for anything else', async () => {
    await assert.rejects(
      runEvaluate({ ...settings(), model: join(folder, 'odd.pth') }),
      (error) => error instanceof UserError && /odd\.pth: /.test(error.message),
    );
    await assert.rejects(runEvaluate({ ...settings(), model: 'model.onnx', arch: 'resnet18' }), /only a state dictionary needs --arch/);
    await assert.rejects(
      runEvaluate({ ...settings(), model: join(folder, 'model.pth'), arch: 'resnet20' }),
      /there is no network 'resnet20'/,
    );
  });
});
