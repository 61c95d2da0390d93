import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { gradient } from '../../autodiff/gradient.js';
import { float32, floats } from '../../core/tensor.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { traceShapes } from '../../runtime/trace.js';
import { oneHot } from '../../testing/batches.js';
import { readFixture, readFixtureBytes, relativeError } from '../../testing/fixtures.js';
import { sgd } from '../../train/optimizers/sgd.js';
import { TrainingStep } from '../../train/step.js';
import { learnedParameters } from '../parameters.js';
import { unitPixels } from '../pixels.js';
import { squash } from './head.js';
import { importClassifier } from './import.js';
import { countParameters } from './origin.js';

/** A network that PyTorch exported, and what PyTorch computes with it. */
interface Export {
  readonly name: string;
  readonly parameters: number;
  readonly output: readonly number[];
  /** Every so many elements of the derivative of Σ output · cos(1 + position) with respect to the pixels. */
  readonly gradientEvery: number;
  readonly gradient: readonly number[];
}

const IMAGES = 4;
const CLASSES = 5;
const IMAGE_SHAPE = [3, 16, 16] as const;
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const pixels = unitPixels(
  Uint8Array.from({ length: IMAGES * 3 * 16 * 16 }, (_, i) => (37 * i) % 256),
  IMAGE_SHAPE,
);

describe('what PyTorch exported gives what PyTorch gives', () => {
  for (const { name, parameters, output, gradientEvery, gradient: slopes } of readFixture<Export[]>('onnx/exports')) {
    test(name, async () => {
      const { classifier } = await importClassifier(engine, { name: `${name}.onnx`, bytes: readFixtureBytes(`onnx/${name}.onnx`) });
      const { graph, origin } = classifier;
      const [{ name: logits }] = graph.outputs;
      const found = floats((await runOnce(engine, graph, { pixels }))[logits]);
      assert.ok(relativeError(squash(found, CLASSES, origin.squashing), output) < 1e-5);
      // The exporter merges a normalisation into the convolution before it: two numbers a channel become a bias.
      const learned = countParameters(graph, learnedParameters(graph));
      const merged = { 'mobile-13': 6, 'residual-11': 6, 'variety-16': -4 }[name] ?? 0;
      assert.equal(learned, parameters - merged);

      const builder = new GraphBuilder('contracted', graph);
      const given = origin.squashing === 'none' ? logits : builder.softmax(logits);
      const cotangent = float32(
        [IMAGES, CLASSES],
        Float32Array.from({ length: IMAGES * CLASSES }, (_, i) => Math.cos(i + 1)),
      );
      const total = builder.output(builder.reduceSum(builder.mul(given, builder.constant(cotangent))));
      const differentiated = gradient(await traceShapes(engine, builder.build(), { N: IMAGES }, { pixels }), total, ['pixels']);
      const results = await runOnce(engine, differentiated, { pixels });
      const sampled = floats(results['grad:pixels']).filter((_, i) => i % gradientEvery === 0);
      assert.ok(relativeError(sampled, slopes) < 1e-4 * Math.max(1, 1 / Math.hypot(...slopes)));
    });

    test(`${name} can be trained`, async () => {
      const { classifier } = await importClassifier(engine, { name: `${name}.onnx`, bytes: readFixtureBytes(`onnx/${name}.onnx`) });
      const step = await TrainingStep.compile(engine, classifier, { batchSize: IMAGES, optimizer: sgd({ momentum: 0.9 }) });
      const losses: number[] = [];
      for (let i = 0; i < 12; i++) losses.push((await step.run({ images: pixels, targets: oneHot([0, 1, 2, 3], CLASSES) }, 0.05)).loss);
      await step.release();
      assert.ok(losses[11] < losses[0], `the loss went from ${losses[0]} to ${losses[11]}`);
    });
  }
});
