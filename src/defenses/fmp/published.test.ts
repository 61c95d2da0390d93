import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import type { Classifier } from '../../nn/classifier.js';
import { convLayers } from '../../nn/feature-maps.js';
import { preActResNet } from '../../nn/preactresnet.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { createEngine } from '../../runtime/node/engine.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { fmp } from './index.js';
import { publishedPrune } from './published-prune.js';
import { publishedScan } from './published-scan.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const [MEAN, STD, LIMIT] = [0.5, 0.25, -0.6];
const normalise = (pixel: number) => (pixel - MEAN) / STD;

/** One pixel, one map: class 1 where the normalised pixel is above the limit. */
function threshold(): Classifier {
  const builder = new GraphBuilder('threshold');
  const pixels = builder.input('pixels', 'float32', ['N', 1, 1, 1]);
  const normalised = builder.div(builder.sub(pixels, builder.scalar(MEAN)), builder.scalar(STD));
  const map = builder.conv(normalised, builder.parameter('weight', float32([1, 1, 1, 1], [1])), { kernel: [1, 1] }, undefined, 'conv');
  const bias = builder.parameter('bias', float32([2], [LIMIT, 0]));
  builder.output(builder.gemm(builder.flatten(map), builder.parameter('linear', float32([1, 2], [0, 1])), bias), 'logits', 'float32', [
    'N',
    2,
  ]);
  return { name: 'threshold', graph: builder.build(), imageShape: [1, 1, 1], classes: 2 };
}

describe('the published scan', () => {
  const model = threshold();
  const layers = convLayers(model.graph);
  const pixels = Array.from({ length: 120 }, (_, i) => 0.3 + i * 0.0043);
  const images = {
    pixels: float32([120, 1, 1, 1], pixels),
    labels: Int32Array.from(pixels, (pixel) => (normalise(pixel) > LIMIT ? 1 : 0)),
  };
  const clamp = (value: number) => Math.min(1, Math.max(0, value));
  const accuracyOf = (given: (pixel: number, i: number) => number) =>
    pixels.filter((pixel, i) => (normalise(given(pixel, i)) > LIMIT ? 1 : 0) === images.labels[i]).length / 120;

  test('normalises twice and clamps normalised values (defects 1 and 2)', async () => {
    const found = await publishedScan(engine, model, layers, images, { eps: 0, alpha: 0, random: new Random(1) });
    const expected = accuracyOf((pixel) => clamp(normalise(pixel)));
    assert.ok(Math.abs(found.conv[0] - expected) < 1e-6);
    assert.ok(expected < 0.9, 'the network is right on all images as they are');
  });

  test('does not bring the step back to within eps (defect 9)', async () => {
    const [eps, alpha] = [0.15, 0.1];
    const found = await publishedScan(engine, model, layers, images, { eps, alpha, random: new Random(1) });
    const random = new Random(1);
    const starts = pixels.map((pixel) => clamp(normalise(pixel) + (random.uniform() < 0.5 ? -alpha : alpha)));
    // The map is the normalised value, so its change has the sign of start - clean, and so has the slope of its square.
    const step = (pixel: number, i: number) => clamp(starts[i] + eps * Math.sign(starts[i] - normalise(pixel)));
    assert.ok(Math.abs(found.conv[0] - accuracyOf(step)) < 1e-6);
    const projected = accuracyOf((pixel, i) => {
      const from = clamp(normalise(pixel));
      return clamp(from + Math.min(eps, Math.max(-eps, step(pixel, i) - from)));
    });
    assert.notEqual(found.conv[0], projected, 'with the step brought back the accuracy would be another one');
  });
});

describe('published pruning', () => {
  const net = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1, 1], seed: 5 });
  const layers = convLayers(net.graph);
  const rowIsZero = (classifier: Classifier, name: string, row: number) => {
    const { dims, ...value } = classifier.graph.initializers.get(name) as Tensor;
    const size = floats({ dims, ...value } as Tensor).length / dims[0];
    return floats({ dims, ...value } as Tensor)
      .subarray(row * size, (row + 1) * size)
      .every((number) => number === 0);
  };

  test('applies lists in forward order to modules in the order of definition (defect 4)', () => {
    // Forward: shortcut, conv1, conv2; defined: conv1, conv2, shortcut.
    const ranked = { 'layer2.0.shortcut.0': [1], 'layer2.0.conv1': [2], 'layer2.0.conv2': [3] };
    const { classifier, zeroed } = publishedPrune(net, layers, ranked);
    assert.deepEqual([zeroed['layer2.0.conv1'], zeroed['layer2.0.conv2'], zeroed['layer2.0.shortcut.0']], [[1], [2], [3]]);
    assert.ok(rowIsZero(classifier, 'layer2.0.conv1.weight', 1));
    assert.ok(!rowIsZero(classifier, 'layer2.0.conv1.weight', 2));
    assert.ok(rowIsZero(classifier, 'layer2.0.shortcut.0.weight', 3));
  });

  test('zeroes the scale of the normalisation that is defined next, not its shift, whatever it reads (defect 5)', () => {
    const shifted = new Map(net.graph.initializers);
    shifted.set('layer2.0.bn1.bias', float32([4], [1, 1, 1, 1]));
    const model = { ...net, graph: { ...net.graph, initializers: shifted } };
    // layer2.0.bn1 reads the sum of the stem and layer1.0.conv2.
    const { classifier } = publishedPrune(model, layers, { 'layer1.0.conv2': [2] });
    const scale = floats(classifier.graph.initializers.get('layer2.0.bn1.weight') as Tensor);
    const shift = floats(classifier.graph.initializers.get('layer2.0.bn1.bias') as Tensor);
    assert.deepEqual([scale[2], scale[1], shift[2]], [0, 1, 1]);
  });
});

describe('fmp --published', () => {
  const clean = madeUpDataset(16, 3, [1, 8, 8]);
  const noise = new Random(4);
  const shown = madeUpDataset(8, 3, [1, 8, 8]);
  const testImages = { ...shown, images: shown.images.map(() => noise.below(256)) };
  const model = preActResNet({ imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 4, depths: [1], seed: 5 });
  const options = fmp.options.parse({ published: true, epochs: 2, batch_size: 12, scan_images: 12 });
  const repair = (given: typeof testImages | undefined) =>
    fmp.repair({ model, clean }, options, { engine, random: new Random(1), ...(given && { test: given }) });

  test('lets test images into the running statistics and into nothing else (defect 11), and says so', async () => {
    const [with_, without] = [await repair(testImages), await repair(undefined)];
    const differing = [...model.graph.initializers.keys()].filter((name) => {
      const [a, b] = [with_, without].map((result) => result.model.graph.initializers.get(name) as Tensor);
      return a.type === 'float32' && floats(a).some((value, i) => value !== floats(b)[i]);
    });
    assert.ok(differing.length > 0);
    assert.ok(
      differing.every((name) => name.includes('running')),
      `${differing}`,
    );
    assert.match(with_.rule, /^As published, for comparison only\. .*contaminated by test images\.$/);
    assert.doesNotMatch(without.rule, /contaminated/);
  });

  test('is the only way for test images to get into a defence', () => {
    assert.equal(fmp.wantsTestImages?.(options), true);
    assert.equal(fmp.wantsTestImages?.(fmp.options.parse({})), false);
  });
});
