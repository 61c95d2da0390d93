import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gradient } from '../../autodiff/gradient.js';
import { Random } from '../../core/random.js';
import { float32, floats } from '../../core/tensor.js';
import type { Dataset } from '../../data/dataset.js';
import { findDataSource } from '../../data/node/registry.js';
import { stratified } from '../../data/sample.js';
import { findDefense } from '../../defenses/registry.js';
import type { Classifier } from '../../nn/classifier.js';
import { convLayers, countMaps } from '../../nn/feature-maps.js';
import type { PixelOptions } from '../../nn/import/convention.js';
import { inspectModel } from '../../nn/import/inspect.js';
import { unitPixels } from '../../nn/pixels.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { readModel } from '../../onnx/read.js';
import { runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { temporaryFolders } from '../../testing/temporary.js';
import { evaluateModel } from '../evaluate.js';
import { repairModel } from '../repair.js';
import { checkSaved, loadRunnableModel, openModelFile, saveModel } from './models.js';

/** A model of somebody else's, which is not part of the project. */
interface RealModel {
  readonly file: string;
  readonly pixels: PixelOptions;
  readonly parameters: number;
  readonly maps: number;
  readonly defense: 'fmp' | 'ft';
  /** Share of MNIST's test images that it gets right; undefined for a model of other images. */
  readonly accuracy?: number;
}

const models: readonly RealModel[] = [
  { file: 'lenet-cifar10.onnx', pixels: { mean: [0.5], std: [0.5] }, parameters: 62_006, maps: 22, defense: 'fmp' },
  { file: 'mlp-mnist-raw255-nhwc.onnx', pixels: { scale: 255 }, parameters: 251_060, maps: 0, defense: 'ft', accuracy: 0.9804 },
  { file: 'tiny-mnist-reversed-nodes.onnx', pixels: {}, parameters: 504, maps: 4, defense: 'fmp', accuracy: 0.8321 },
];

const DIRECTIONS = 20;
/** Small enough to pass few kinks, large enough for float32. */
const STEP = 1e-4;

const folder = process.env.ANTIDOTE_TEST_MODELS ?? '';
const place = temporaryFolders();
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

for (const model of models) {
  const path = join(folder, model.file);
  const skip = folder !== '' && existsSync(path) ? false : `ANTIDOTE_TEST_MODELS names no folder with ${model.file}`;
  describe(model.file, { skip }, () => {
    test('is inspected', async () => {
      const file = await openModelFile(path);
      const { parameters, layers, problems } = await inspectModel(engine, file, readModel(file.bytes, path), model.pixels);
      assert.deepEqual([parameters, layers.reduce((sum, { maps }) => sum + maps, 0), problems], [model.parameters, model.maps, []]);
    });

    test('has the gradient that differences tell', async () => {
      const classifier = await loadRunnableModel(engine, path, model.pixels);
      const error = await directionalError(classifier);
      assert.ok(error < 0.03, `relative error ${error}`);
    });

    test('is measured and repaired, and the file is what was repaired', async () => {
      const classifier = await loadRunnableModel(engine, path, model.pixels);
      if (model.maps > 0) assert.equal(countMaps(convLayers(classifier.graph)), model.maps);
      const { clean, test: images } = await dataFor(model, classifier);
      if (images)
        assert.ok(Math.abs((await evaluateModel({ engine, model: classifier, test: images })).acc - (model.accuracy ?? 0)) < 5e-5);
      const defense = findDefense(model.defense);
      const quick = { epochs: 1, batch_size: 32, lr: 1e-3 };
      const options = model.defense === 'fmp' ? { ...quick, ranking: 'accuracy', scan_images: 20 } : quick;
      const repaired = await repairModel({ engine, model: classifier, clean, defense, options });
      const out = join(await place(), 'repaired.onnx');
      await saveModel(out, repaired.model);
      await checkSaved(engine, out, repaired.model);
    });
  });
}

async function dataFor({ accuracy }: RealModel, { classes, imageShape }: Classifier): Promise<{ clean: Dataset; test?: Dataset }> {
  if (accuracy === undefined) return { clean: madeUpDataset(10, classes, imageShape) };
  const { train, test: images } = await findDataSource('mnist').load();
  return { clean: stratified(train, { count: 100 }, new Random(0)), test: images };
}

/**
 * How far derivatives of the logits along random changes of the pixels are from central differences, relative to these. Every
 * step passes some kinks of Relu and MaxPool, so they are never quite the same.
 */
async function directionalError({ graph, imageShape, classes }: Classifier): Promise<number> {
  const random = new Random(3);
  const pixels = unitPixels(
    Uint8Array.from({ length: imageShape.reduce((a, b) => a * b) }, () => 64 + random.below(128)),
    imageShape,
  );
  const builder = new GraphBuilder('logits', graph);
  const [{ name: logits }] = graph.outputs;
  const weights = Float32Array.from({ length: classes }, () => random.between(0.5, 1) * (random.below(2) ? 1 : -1));
  const total = builder.output(builder.reduceSum(builder.mul(logits, builder.constant(float32([1, classes], weights)))));
  const differentiated = gradient(await traceShapes(engine, builder.build(), { N: 1 }, { pixels }), total, ['pixels']);
  const slope = floats((await runOnce(engine, differentiated, { pixels }))['grad:pixels']);
  const program = await engine.compile(builder.build());
  const [errors, differences]: [number[], number[]] = [[], []];
  for (let i = 0; i < DIRECTIONS; i++) {
    const direction = pixels.data.map(() => random.normal());
    const valueAt = async (step: number) => {
      const moved = float32(
        pixels.dims,
        pixels.data.map((value, at) => value + step * direction[at]),
      );
      return floats((await program.run({ pixels: moved }))[total])[0];
    };
    const numeric = ((await valueAt(STEP)) - (await valueAt(-STEP))) / (2 * STEP);
    const analytic = slope.reduce((sum, value, at) => sum + value * direction[at], 0);
    errors.push(numeric - analytic);
    differences.push(numeric);
  }
  await program.release();
  return Math.hypot(...errors) / Math.hypot(...differences);
}
