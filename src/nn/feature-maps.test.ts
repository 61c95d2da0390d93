import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { full } from '../core/tensor.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { convLayers, countMaps } from './feature-maps.js';
import { preActResNet } from './preactresnet.js';

const window = { kernel: [1, 1] };

/** A graph whose convolutions `build` adds to an image of two channels. */
function graph(build: (builder: GraphBuilder, x: Value, weight: Value) => Value) {
  const builder = new GraphBuilder('g');
  const x = builder.input('x', 'float32', ['N', 2, 4, 4]);
  builder.output(build(builder, x, builder.parameter('w', full([3, 2, 1, 1], 1))));
  return builder.build();
}

const norm = (builder: GraphBuilder, x: Value) => {
  const parameters = ['scale', 'shift', 'mean', 'var'].map((name) => builder.parameter(name, full([3], 1)));
  return builder.batchNorm(x, parameters[0], parameters[1], parameters[2], parameters[3], 1e-5);
};

describe('a convolution', () => {
  test('owns the normalisation that is its only reader', () => {
    const [layer] = convLayers(graph((b, x, w) => norm(b, b.conv(x, w, window, b.parameter('b', full([3], 0)), 'c'))));
    const parameters = { scale: 'scale', shift: 'shift', mean: 'mean', variance: 'var' };
    assert.deepEqual(layer, { name: 'c', output: 'c', channels: 3, weight: 'w', bias: 'b', norm: parameters });
  });

  test('owns no normalisation that reads more than it, nor one beside another reader', () => {
    const summed = graph((b, x, w) => norm(b, b.add(b.conv(x, w, window), b.scalar(1))));
    assert.equal(convLayers(summed)[0].norm, undefined);
    const twice = graph((b, x, w) => {
      const maps = b.conv(x, w, window);
      return b.add(norm(b, maps), maps);
    });
    assert.equal(convLayers(twice)[0].norm, undefined);
    const shown = graph((b, x, w) => {
      const maps = b.conv(x, w, window);
      b.output(maps);
      return norm(b, maps);
    });
    assert.equal(convLayers(shown)[0].norm, undefined);
  });

  test('in a pre-activation block owns the normalisation inside the block only', () => {
    const { graph } = preActResNet({ imageShape: [1, 8, 8], classes: 2, mean: [0], std: [1], width: 2, depths: [2] });
    const norms = Object.fromEntries(convLayers(graph).map(({ name, norm }) => [name, norm?.scale]));
    assert.deepEqual(norms, {
      conv1: undefined,
      'layer1.0.conv1': 'layer1.0.bn2.weight',
      'layer1.0.conv2': undefined,
      'layer1.1.conv1': 'layer1.1.bn2.weight',
      'layer1.1.conv2': undefined,
    });
  });

  test('without a name of its own goes by that of its output', () => {
    const made = graph((b, x, w) => b.conv(x, w, window));
    const nameless = { ...made, nodes: made.nodes.map((node) => ({ ...node, name: '' })) };
    assert.equal(convLayers(nameless)[0].name, made.nodes[0].outputs[0]);
  });

  test('counts with its output channels', () => {
    const two = graph((b, x, w) => b.conv(b.conv(x, w, window), b.parameter('v', full([5, 3, 1, 1], 1)), window));
    assert.equal(countMaps(convLayers(two)), 8);
  });
});

describe('networks that cannot be searched are user errors', () => {
  const refused = (made: ReturnType<typeof graph>, why: RegExp) =>
    assert.throws(
      () => convLayers(made),
      (error) => error instanceof UserError && why.test(error.message),
    );

  test('without convolutions', () => refused(brightnessClassifier(2, [1, 2, 2]).graph, /no convolution with stored weights/));

  test('with two convolutions of one name', () => {
    const made = graph((b, x, w) => b.conv(b.conv(x, w, window), b.parameter('v', full([5, 3, 1, 1], 1)), window));
    refused({ ...made, nodes: made.nodes.map((node) => ({ ...node, name: 'same' })) }, /two convolutions of the same name/);
  });

  test('over sequences', () => {
    const builder = new GraphBuilder('g');
    builder.output(
      builder.conv(builder.input('x', 'float32', ['N', 2, 4]), builder.parameter('w', full([3, 2, 1], 1)), {}, undefined, 'c'),
    );
    refused(builder.build(), /Conv 'c': only convolutions over images/);
  });
});
