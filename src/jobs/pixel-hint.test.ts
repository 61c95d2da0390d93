import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Dataset } from '../data/dataset.js';
import type { Classifier } from '../nn/classifier.js';
import type { PixelOptions } from '../nn/import/convention.js';
import { importClassifier } from '../nn/import/import.js';
import { GraphBuilder } from '../onnx/builder.js';
import { writeModel } from '../onnx/write.js';
import { createEngine } from '../runtime/node/engine.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { pixelHint } from './pixel-hint.js';

const CLASSES = 4;
const SHAPE = [1, 4, 4] as const;
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

/** Images of one brightness, which is their class. */
const dataset: Dataset = {
  name: 'brightness',
  split: 'train',
  classes: Array.from({ length: CLASSES }, String),
  imageShape: SHAPE,
  images: Uint8Array.from({ length: 40 * 16 }, (_, i) => (Math.floor(i / 16) % CLASSES) * 85),
  labels: Int32Array.from({ length: 40 }, (_, i) => i % CLASSES),
  checksums: {},
};

/** A network that gets every image right if it is given pixels in [0, `range`], without saying so. */
async function reader(range: number, options: PixelOptions = {}): Promise<Classifier> {
  const { graph } = brightnessClassifier(CLASSES, SHAPE);
  const weight = graph.initializers.get('weight');
  assert.ok(weight);
  const initializers = new Map([
    ...graph.initializers,
    ['weight', { ...weight, data: (weight.data as Float32Array).map((value) => value / range) }] as const,
  ]);
  const builder = new GraphBuilder('reader', { ...graph, initializers });
  for (const { name, type, dims } of graph.outputs) builder.output(name, name, type, dims);
  return (
    await importClassifier(engine, { name: 'reader.onnx', bytes: writeModel({ graph: builder.build(), opset: 13, metadata: {} }) }, options)
  ).classifier;
}

describe('a model that may want other pixels', () => {
  test('is tried with usual ones, and what does better is said', async () => {
    const hint = await pixelHint(engine, await reader(255), dataset);
    assert.match(
      hint ?? '',
      /^of 40 training images the model gets \d+\.00\s%.* right with pixels in \[0, 1\], and 100\.00\s% with --scale 255;/,
    );
  });

  test('is not spoken of where it does as well as can be', async () => {
    assert.equal(await pixelHint(engine, await reader(1), dataset), undefined);
  });

  test('is not tried where it was said which pixels it wants, or where nobody could know', async () => {
    assert.equal(await pixelHint(engine, await reader(255, { scale: 1 }), dataset), undefined);
    assert.equal(await pixelHint(engine, brightnessClassifier(CLASSES, SHAPE), dataset), undefined);
  });
});
