import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Random } from '../core/random.js';
import { floats, sizeOf } from '../core/tensor.js';
import { learnedParameters } from '../nn/parameters.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { runOnce } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { readFixture, relativeError } from '../testing/fixtures.js';
import { hashedImage, withHashedParameters } from '../testing/hashed-parameters.js';
import { generate, threshold } from './input-aware/networks.js';
import { encoderGraph } from './ssba/index.js';
import { decode, encode } from './ssba/networks.js';

interface Case {
  readonly parameters: number;
  readonly output: readonly number[];
}

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const cases = readFixture<Record<'encoder' | 'decoder' | 'pattern' | 'mask', Case>>('generators');
const random = new Random(1);

async function compare(
  network: string,
  imageShape: readonly [number, number, number],
  { parameters, output }: Case,
  build: (builder: GraphBuilder, images: Value) => Value,
): Promise<void> {
  const builder = new GraphBuilder('case');
  builder.output(build(builder, builder.input('images', 'float32', [1, ...imageShape])), 'out');
  const graph = builder.build();
  const learned = learnedParameters(graph)
    .filter((name) => name.startsWith(`${network}.`))
    .map((name) => sizeOf(graph.initializers.get(name)?.dims ?? []));
  assert.equal(
    learned.reduce((sum, size) => sum + size, 0),
    parameters,
  );
  const { out } = await runOnce(engine, withHashedParameters(graph, network), { images: hashedImage(imageShape) });
  const error = relativeError(floats(out), output);
  assert.ok(error < 1e-5, `relative error ${error}`);
}

const secrets = (builder: GraphBuilder) => builder.constant({ type: 'float32', dims: [1, 5], data: Float32Array.of(1, 0, 1, 1, 0) });

test("SSBA's encoder and decoder are PyTorch's", async () => {
  await compare('encoder', [3, 32, 16], cases.encoder, (builder, images) =>
    encode(builder, images, secrets(builder), [3, 32, 16], 5, random),
  );
  await compare('decoder', [3, 40, 20], cases.decoder, (builder, images) => decode(builder, images, [3, 40, 20], 5, random));
});

test("Input-aware's networks for pattern and mask are PyTorch's, and have as many parameters as the published ones", async () => {
  assert.deepEqual([cases.pattern.parameters, cases.mask.parameters], [723_273, 722_691]);
  await compare('net', [3, 16, 8], cases.pattern, (builder, images) => generate(builder, 'net', images, [3, 16, 8], 3, random));
  await compare('net', [3, 16, 8], cases.mask, (builder, images) => generate(builder, 'net', images, [3, 16, 8], 1, random));
});

test('the threshold is steep, and its ends are not reached', async () => {
  const builder = new GraphBuilder('threshold');
  builder.output(threshold(builder, builder.input('mask', 'float32', [5])), 'out');
  const mask = { type: 'float32', dims: [5], data: Float32Array.of(0, 0.45, 0.5, 0.55, 1) } as const;
  const { out } = await runOnce(engine, builder.build(), { mask });
  const expected = [0, 0.119203, 0.5, 0.880797, 1];
  floats(out).forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-5, `${value}`);
  });
});

test('images of any size come back in their size', async () => {
  for (const imageShape of [
    [1, 28, 28],
    [3, 17, 30],
  ] as const) {
    const builder = new GraphBuilder('size');
    const images = builder.input('images', 'float32', [1, ...imageShape]);
    builder.output(generate(builder, 'net', images, imageShape, imageShape[0], random), 'out');
    for (const graph of [builder.build(), encoderGraph(imageShape, '101')]) {
      const { [graph.outputs[0].name]: out } = await runOnce(engine, graph, { images: hashedImage(imageShape) });
      assert.deepEqual(out.dims, [1, ...imageShape]);
    }
  }
});
