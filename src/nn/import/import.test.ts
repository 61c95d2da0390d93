import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { asSource } from '../../formats/byte-source.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { writeModel } from '../../onnx/write.js';
import { runOnce } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import {
  asConstantsReversed,
  FOREIGN_CLASSES,
  type ForeignOptions,
  foreignGraph,
  foreignModel,
  withDataBeside,
} from '../../testing/foreign-model.js';
import { convLayers } from '../feature-maps.js';
import { learnedParameters } from '../parameters.js';
import { unitPixels } from '../pixels.js';
import type { PixelOptions } from './convention.js';
import { checkDifferentiable } from './differentiable.js';
import { type Imported, importClassifier } from './import.js';
import { notesOn } from './notes.js';
import { testImages } from './reference.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const imported = (bytes: Uint8Array, options: PixelOptions = {}) => importClassifier(engine, { name: 'm.onnx', bytes }, options);

/** Logits of made-up images, in a batch of another size than any that a file here is fixed to. */
async function logitsOf({ classifier: { graph } }: Imported): Promise<Float32Array> {
  const pixels = unitPixels(testImages(7, [3, 8, 8]), [3, 8, 8]);
  return floats((await runOnce(engine, graph, { pixels }))[graph.outputs[0].name]);
}

async function isPlainModel(made: Imported, tolerance = 1e-4): Promise<void> {
  const [expected, found] = [await logitsOf(await imported(foreignModel())), await logitsOf(made)];
  assert.equal(found.length, 7 * FOREIGN_CLASSES);
  for (const [i, value] of found.entries()) {
    assert.ok(Math.abs(value - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])), `${value}, not ${expected[i]}`);
  }
}

describe('the same network in whatever form', () => {
  const forms: Record<string, { file: ForeignOptions; options?: PixelOptions }> = {
    ...Object.fromEntries(
      [7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 22].map((opset) => [`operator set ${opset}`, { file: { opset } }]),
    ),
    'NHWC with a leading Transpose': { file: { layout: 'nhwc' } },
    'bytes, divided by 255 in the file': { file: { normalize: 'bytes' } },
    'bytes of type uint8': { file: { normalize: 'bytes', input: 'uint8' } },
    'bytes of type uint8, NHWC': { file: { normalize: 'bytes', input: 'uint8', layout: 'nhwc' } },
    'a batch of 1': { file: { batch: 1, rows: [1, 96] } },
    'a batch of 1 and an inferred size': { file: { batch: 1, rows: [1, -1] } },
    'a batch of 1 in a shape put together by nodes': { file: { batch: 1, rows: 'joined' } },
    'a batch of 4': { file: { batch: 4, rows: [4, 96] } },
    'a batch of 1 in the shapes alone': { file: { rows: [1, -1] } },
    'any batch, inferred': { file: { rows: [-1, 96] } },
    'a Flatten': { file: { rows: 'flatten', opset: 9 } },
    probabilities: { file: { head: 'Softmax' } },
    'probabilities in operator set 9': { file: { head: 'Softmax', opset: 9 } },
    'logarithms of probabilities': { file: { head: 'LogSoftmax' } },
    scores: { file: { head: 'Sigmoid' } },
    'an output of two more axes': { file: { head: 'image', opset: 11 } },
  };
  for (const [name, { file, options }] of Object.entries(forms)) {
    test(name, async () => isPlainModel(await imported(foreignModel(file), options)));
  }

  test('constants as nodes, in the opposite order', async () =>
    isPlainModel(await imported(asConstantsReversed(foreignModel({ opset: 9 })))));

  test('float16 weights', async () => isPlainModel(await imported(foreignModel({ weights: 'float16' })), 1e-2));

  test('tensors beside the file', async () => {
    const { model, data } = withDataBeside(foreignModel(), './weights/m.bin');
    const external = (path: string) => {
      assert.equal(path, 'weights/m.bin');
      return asSource(data);
    };
    await isPlainModel(await importClassifier(engine, { name: 'm.onnx', bytes: model, external }));
  });

  test('normalised outside', async () => {
    const inside = await imported(foreignModel({ normalize: 'unit' }));
    const outside = await imported(foreignModel(), { mean: [0.5, 0.45, 0.4], std: [0.2, 0.25, 0.3] });
    const [a, b] = [await logitsOf(inside), await logitsOf(outside)];
    for (const [i, value] of a.entries()) assert.ok(Math.abs(value - b[i]) < 1e-4);
  });

  test('blue first', async () => {
    const swapped = foreignGraph();
    const kernel = swapped.initializers.get('conv1.weight');
    const reversed = Float32Array.from(
      floats(kernel),
      (_, i) => floats(kernel)[i - (i % 27) + (2 - Math.floor((i % 27) / 9)) * 9 + (i % 9)],
    );
    const initializers = new Map([
      ...swapped.initializers,
      ['conv1.weight', { type: 'float32', dims: [4, 3, 3, 3], data: reversed } as const],
    ]);
    await isPlainModel(
      await imported(writeModel({ graph: { ...swapped, initializers }, opset: 13, metadata: {} }), { channel_order: 'bgr' }),
    );
  });

  test('another size, where the file leaves it open', async () => {
    const bytes = foreignModel({ size: 'side' });
    await assert.rejects(
      imported(bytes),
      /input 'input' float32 \[N, 3, side, side\] leaves the size of the images open; give it with --image-size/,
    );
    const { classifier } = await imported(bytes, { image_size: 12 });
    assert.deepEqual(classifier.imageShape, [3, 12, 12]);
  });
});

describe('what comes out', () => {
  test('has every feature map, under the names of the nodes, and every weight', async () => {
    const { classifier } = await imported(foreignModel({ opset: 9, head: 'Softmax' }));
    const layers = convLayers(classifier.graph);
    assert.deepEqual(
      layers.map(({ name, channels, weight }) => [name, channels, classifier.graph.initializers.get(weight)?.dims]),
      [
        ['Conv_0', 4, [4, 3, 3, 3]],
        ['Conv_5', 6, [6, 4, 1, 1]],
      ],
    );
    assert.equal(layers[0].norm?.scale, 'file:bn.weight');
    assert.equal(learnedParameters(classifier.graph).length, 7);
    assert.deepEqual(classifier.graph.inputs, [{ name: 'pixels', type: 'float32', dims: ['N', 3, 8, 8] }]);
    await checkDifferentiable(engine, classifier);
  });

  const said = (file: ForeignOptions, options: PixelOptions, ...expected: RegExp[]) =>
    test(`is said aloud: ${expected.map(({ source }) => source).join(', ')}`, async () => {
      const lines = notesOn(await imported(foreignModel(file), options));
      assert.equal(lines.length, expected.length);
      for (const [i, line] of lines.entries()) assert.match(line, expected[i]);
    });
  said({}, {}, /^m\.onnx: .*pixels in \[0, 1\]; NCHW, but nothing in the file tells .*--scale, --mean and --std/);
  said({ normalize: 'bytes' }, {}, /pixels in \[0, 255\]; NCHW, as its first nodes \(Div '.*'\) divide by 255/);
  said({ normalize: 'unit' }, {}, /pixels in \[0, 1\]; NCHW, as its first nodes \(Sub '.*', Div '.*'\) subtract 0\.45 and multiply by 4/);
  said({ input: 'uint8', layout: 'nhwc' }, {}, /pixels in \[0, 255\]; NHWC, as its input is uint8/);
  said({ metadata: { 'Image.NominalPixelRange': 'Normalized_1_1' } }, {}, /less mean 0\.5, over std 0\.5; NCHW, as its metadata says/);
  said({}, { mean: [0.5], std: [0.25] }, /is given pixels in \[0, 1\], less mean 0\.5, over std 0\.25; NCHW$/);
  said({ head: 'Softmax' }, { scale: 255 }, /\[0, 255\]; NCHW$/, /gives probabilities; the logits are what goes into Softmax 'Softmax_9'/);
  said({ head: 'exponentials' }, { scale: 1 }, /given/, /gives probabilities; their logarithms serve as logits/);
  said(
    { batch: 1, rows: [1, 96] },
    { scale: 1 },
    /given/,
    /is made for a batch of 1; it takes any number of images after a change of Reshape/,
  );
});

describe('a Squeeze that names no axes leaves the images theirs', () => {
  for (const [name, batch] of Object.entries({ 'any batch': 'N', 'a batch of 1': 1 })) {
    test(name, async () => {
      const { initializers } = foreignGraph();
      const builder = new GraphBuilder('squeezed');
      const weight = builder.parameter('weight', initializers.get('conv1.weight') as Tensor);
      const linear = builder.parameter('linear', float32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
      const x = builder.conv(builder.input('x', 'float32', [batch, 3, 8, 8]), weight, {
        kernel: [3, 3],
        strides: [1, 1],
        pads: [1, 1, 1, 1],
      });
      const [row] = builder.op('Squeeze', [builder.globalAveragePool(x)]);
      builder.output(builder.matmul(row, linear), 'y', 'float32');
      const { classifier } = await imported(writeModel({ graph: builder.build(), opset: 13, metadata: {} }));
      await checkDifferentiable(engine, classifier);
      const [output] = classifier.graph.outputs;
      const run = async (count: number) => {
        const pixels = unitPixels(testImages(count, [3, 8, 8]), [3, 8, 8]);
        return (await runOnce(engine, classifier.graph, { pixels }))[output.name];
      };
      const [one, three] = [await run(1), await run(3)];
      assert.deepEqual(
        [one.dims, three.dims],
        [
          [1, 2],
          [3, 2],
        ],
      );
      for (const [i, value] of floats(one).entries()) assert.ok(Math.abs(value - floats(three)[i]) < 1e-5);
    });
  }
});

test('a model that holds to one batch size in a way that is not seen is measured, not repaired', async () => {
  const graph = foreignGraph({ batch: 1 });
  const builder = new GraphBuilder('pinned', { ...graph, outputs: [] });
  // A gather along the images keeps the first one whatever their number.
  builder.output(builder.op('Gather', ['output', builder.integers([0])])[0], 'first', 'float32', [1, FOREIGN_CLASSES]);
  const made = await imported(writeModel({ graph: builder.build(), opset: 13, metadata: {} }));
  assert.equal(made.classifier.batch, 1);
  assert.match(notesOn(made)[1], /takes 1 at a time and no other number/);
  await assert.rejects(checkDifferentiable(engine, made.classifier), /takes 1 image at a time and no other number/);
});

describe('refused in one line', () => {
  const refused = (name: string, bytes: Uint8Array, why: RegExp, options: PixelOptions = {}) =>
    test(name, () =>
      assert.rejects(imported(bytes, options), (error) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, why);
        assert.doesNotMatch(error.message, /\n|file:/);
        return true;
      }),
    );
  const changed = (change: (builder: GraphBuilder) => void, opset = 13) => {
    const builder = new GraphBuilder('changed', { ...foreignGraph(), outputs: [] });
    change(builder);
    return writeModel({ graph: builder.build(), opset, metadata: {} });
  };
  refused(
    'an operator set that is too old',
    foreignModel({ opset: 6 }),
    /m\.onnx: is written in ONNX operator set 6; the oldest that can be read is 7/,
  );
  refused(
    'two inputs',
    changed((b) => b.output(b.add('output', b.input('more', 'float32', []))) && undefined),
    /has 2 inputs \('input', 'more'\), expected one/,
  );
  refused(
    'two outputs',
    changed((b) => {
      b.output('output');
      b.output('Gemm_8', 'again');
    }),
    /has 2 outputs \('output', 'again'\), expected one/,
  );
  refused(
    'an operator of another domain',
    changed((b) => {
      b.append({
        name: 'fused',
        opType: 'FusedMatMul',
        domain: 'com.microsoft',
        inputs: ['output', 'output'],
        outputs: ['y'],
        attributes: {},
      });
      b.output('y');
    }),
    /com\.microsoft\.FusedMatMul 'fused' is no operator of ONNX itself/,
  );
  refused(
    'dropout in training',
    changed((b) => {
      b.output(
        b.op('Dropout', ['output', b.scalar(0.5), b.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) })], {}, 1, 'drop')[0],
      );
    }),
    /Dropout 'drop' drops out at random; export the model for inference/,
  );
  refused(
    'one score',
    changed((b) => b.output(b.reduceSum('output', [1], true)) && undefined),
    /output is float32 \[1, 1\] .*two classes or more/,
  );
  refused(
    'labels',
    changed((b) => b.output(b.argMax('output', 1)) && undefined),
    /expected (float32 )?scores/,
  );
  refused(
    'a row of numbers as input',
    (() => {
      const b = new GraphBuilder('rows');
      b.output(b.relu(b.input('x', 'float32', ['N', 784])));
      return writeModel({ graph: b.build(), opset: 13, metadata: {} });
    })(),
    /input 'x' is float32 \[N, 784\], expected images/,
  );
  refused(
    'what ONNX Runtime refuses',
    changed((b) => b.output(b.matmul('output', b.scalar(1))) && undefined),
    /ONNX Runtime refuses the model \(.*export it again/,
  );
  refused('a mean for two channels', foreignModel(), /option mean has 2 numbers, but m\.onnx takes images of 3 channels/, { mean: [1, 2] });
  refused('another size than the file has', foreignModel(), /takes images of 8 x 8 pixels, not of 9 x 9/, { image_size: 9 });
  refused(
    'results that are no numbers',
    changed((b) => b.output(b.log(b.sub('output', b.scalar(1e9)))) && undefined),
    /results that are not numbers/,
  );

  test('no gradient', async () => {
    const made = await imported(changed((b) => b.output(b.op('Hardmax', ['output'], {}, 1, 'choice')[0]) && undefined));
    await assert.rejects(checkDifferentiable(engine, made.classifier), /no gradient is known for Hardmax 'choice'/);
  });
});
