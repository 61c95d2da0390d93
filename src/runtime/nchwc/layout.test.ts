import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../../core/random.js';
import { float32, floats, sizeOf } from '../../core/tensor.js';
import { float, GraphBuilder, int, type Value } from '../../onnx/builder.js';
import { type Graph, OPSET } from '../../onnx/graph.js';
import { convWeightGradient } from '../../onnx/weight-gradient.js';
import { writeModel } from '../../onnx/write.js';
import type { Program, Tensors } from '../engine.js';
import { createEngine } from '../node/engine.js';
import { withPlainAdjoints } from '../plain/adjoints.js';
import { findBlock } from './block-size.js';
import { withBlockedChannels } from './layout.js';
import { NCHWC_DOMAIN } from './operators.js';

const TOLERANCE = 5e-6;
const engine = await createEngine({ device: 'cpu', threads: 2 });
after(() => engine.close());

/** Compiles a graph as it is. */
const compile = (graph: Graph): Promise<Program> => engine.load(writeModel({ graph, opset: OPSET, metadata: {} }));
const found = await findBlock(compile);
const skip = found === undefined && 'this machine has no operators on blocked channels';
const block = found ?? 16;

async function run(graph: Graph, feeds: Tensors): Promise<Tensors> {
  const program = await compile(graph);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

const random = new Random(5);
const draw = (dims: readonly number[], low = -1, high = 1) =>
  float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => random.between(low, high)),
  );

/** Builds a graph whose inputs are all random, and compares what comes out in both layouts. */
async function compare(
  shapes: Readonly<Record<string, readonly number[]>>,
  build: (builder: GraphBuilder) => readonly Value[],
  expectBlocked = true,
  tolerance = TOLERANCE,
): Promise<Graph> {
  const builder = new GraphBuilder('case');
  for (const [name, dims] of Object.entries(shapes)) builder.input(name, 'float32', dims);
  for (const output of build(builder)) builder.output(output);
  const graph = builder.build();
  const blocked = withBlockedChannels(graph, block);
  assert.equal(
    blocked.nodes.some(({ domain }) => domain === NCHWC_DOMAIN),
    expectBlocked,
  );
  const feeds = Object.fromEntries(Object.entries(shapes).map(([name, dims]) => [name, draw(dims)]));
  const expected = await run(withPlainAdjoints(graph), feeds);
  const results = await run(withPlainAdjoints(blocked), feeds);
  assert.deepEqual(Object.keys(results), Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(results[name].dims, value.dims);
    const largest = floats(value).reduce((most, number) => Math.max(most, Math.abs(number)), 0);
    const error = floats(value).reduce((most, number, i) => Math.max(most, Math.abs(number - floats(results[name])[i])), 0);
    assert.ok(error <= tolerance * largest, `${name} is off by ${error} where the largest value is ${largest}`);
  }
  return blocked;
}

interface Case {
  readonly batch?: number;
  readonly channels: number;
  readonly out: number;
  readonly size: readonly [number, number];
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly pads?: readonly [number, number, number, number];
  readonly group?: number;
  /** Stays in the graph's own layout. */
  readonly plain?: boolean;
  /** Its input gradient stays so. */
  readonly cropped?: boolean;
}

const b = block;
const cases: readonly Case[] = [
  { channels: b, out: b, size: [5, 7] },
  { channels: 2 * b, out: 5 * b, size: [8, 8] },
  { channels: b, out: 2 * b, size: [8, 8], stride: 2 },
  { channels: b, out: 2 * b, size: [7, 9], stride: 2 },
  { channels: b, out: b, size: [9, 8], stride: 3, pads: [0, 0, 0, 0] },
  { channels: b, out: b, size: [9, 8], stride: 3, cropped: true },
  { channels: b, out: 2 * b, size: [8, 6], kernel: 1, stride: 2, pads: [0, 0, 0, 0] },
  { channels: b, out: 2 * b, size: [7, 7], kernel: 1, stride: 2, pads: [0, 0, 0, 0] },
  { channels: 2 * b, out: b, size: [4, 4], kernel: 1, pads: [0, 0, 0, 0] },
  { channels: b, out: b, size: [9, 9], kernel: 5, pads: [2, 2, 2, 2] },
  { channels: b, out: b, size: [9, 9], kernel: 5, stride: 2, pads: [2, 2, 2, 2] },
  { channels: b, out: b, size: [6, 6], pads: [0, 0, 0, 0] },
  { channels: b, out: b, size: [6, 8], pads: [0, 1, 2, 1] },
  { channels: b, out: b, size: [8, 8], kernel: 2, stride: 2, pads: [0, 0, 0, 0] },
  { channels: b, out: b, size: [7, 7], dilation: 2, pads: [2, 2, 2, 2] },
  { channels: b, out: b, size: [7, 7], dilation: 2, stride: 2, pads: [2, 2, 2, 2] },
  { channels: 3, out: b, size: [8, 8] },
  { channels: 1, out: b, size: [8, 8], stride: 2 },
  { channels: b / 2, out: b + b / 4, size: [6, 6], cropped: true },
  { channels: b / 2, out: b / 2, size: [6, 7] },
  { channels: b / 2, out: b / 2, size: [6, 6], batch: 2 * b },
  { channels: b / 2, out: b, size: [8, 8], stride: 2, batch: 2 * b },
  { channels: b, out: b / 4, size: [6, 6], batch: 4 * b },
  { channels: b / 4, out: b / 2, size: [7, 7], kernel: 1, stride: 2, pads: [0, 0, 0, 0], batch: 4 * b },
  { channels: 3, out: b / 2, size: [8, 8], batch: 2 * b },
  { channels: 1, out: b / 4, size: [28, 28], batch: 4 * b },
  { channels: b / 2, out: b / 2, size: [6, 6], batch: b + 1 },
  { channels: b + 3, out: 2 * b - 1, size: [5, 5] },
  { channels: b, out: 4 * b, size: [20, 20] },
  { channels: 2 * b, out: 4 * b, size: [39, 39], stride: 2, batch: 2 * b },
  { channels: b, out: 2 * b, size: [5, 5], batch: b + 1 },
  { channels: b, out: 3, size: [5, 5], plain: true },
  { channels: 2 * b, out: 2 * b, size: [5, 5], group: 2, plain: true },
];

describe('on blocked channels everything comes to the same', { skip }, () => {
  for (const {
    batch = b,
    channels,
    out,
    size,
    kernel = 3,
    stride = 1,
    dilation = 1,
    pads = [1, 1, 1, 1],
    group = 1,
    plain,
    cropped,
  } of cases) {
    const window = { kernel: [kernel, kernel], strides: [stride, stride], dilations: [dilation, dilation], pads, group };
    const reach = dilation * (kernel - 1) + 1;
    const small = size.map((length, axis) => Math.floor((length + pads[axis] + pads[2 + axis] - reach) / stride) + 1);
    const [input, output, weight] = [
      [batch, channels, ...size],
      [batch, out, ...small],
      [out, channels / group, kernel, kernel],
    ];
    const name = `[${input}] to [${output}], kernel ${kernel}, stride ${stride}, dilation ${dilation}, pads ${pads}, groups ${group}`;
    const staysPlain = plain || cropped || (dilation > 1 && stride > 1) || channels < b / 4;

    test(`a convolution: ${name}`, () =>
      compare({ x: input, w: weight, c: [out] }, (builder) => [builder.conv('x', 'w', window, 'c')], !plain).then(() => {}));

    test(`its input gradient: ${name}`, async () => {
      const rest = [0, 1].map((axis) => size[axis] - ((small[axis] - 1) * stride + reach - pads[axis] - pads[2 + axis]));
      await compare(
        { g: output, w: weight },
        (builder) => [builder.convTranspose('g', 'w', { ...window, outputPadding: rest })],
        !staysPlain,
      );
    });

    test(`its weight gradient: ${name}`, async () => {
      const [inner, outer] = [channels, out].map((count) => (count === b / 2 || count === b / 4 ? b / count : 1));
      const fold = channels * outer < b ? outer : Math.max(inner, outer);
      const done = !plain && dilation === 1 && batch % (fold * b) === 0;
      await compare({ x: input, g: output }, (builder) => [convWeightGradient(builder, 'x', 'g', { ...window, input, output })], done);
    });
  }
});

describe("by Winograd's algorithm everything comes to the same in five digits", { skip }, () => {
  for (const [channels, out, size, pads] of [
    [128, 128, [4, 4], [1, 1, 1, 1]],
    [128, 256, [8, 8], [1, 1, 1, 1]],
    [160, 128, [16, 16], [1, 1, 1, 1]],
    [128, 128, [7, 5], [0, 1, 2, 1]],
  ] as const) {
    test(`${channels} to ${out} channels, ${size}, pads ${pads}: a convolution and both its gradients`, async () => {
      const window = { kernel: [3, 3], pads, strides: [1, 1], dilations: [1, 1], group: 1 };
      const [input, output] = [
        [b, channels, ...size],
        [b, out, ...size.map((length, axis) => length + pads[axis] + pads[2 + axis] - 2)],
      ];
      const shapes = { x: input, w: [out, channels, 3, 3], g: output };
      const rewritten = await compare(
        shapes,
        (builder) => [
          builder.conv('x', 'w', window),
          builder.convTranspose('g', 'w', window),
          convWeightGradient(builder, 'x', 'g', { ...window, input, output }),
        ],
        true,
        3e-5,
      );
      assert.ok(rewritten.nodes.every(({ opType }) => opType !== 'Conv'));
    });
  }
});

describe('values stay blocked between convolutions', { skip }, () => {
  const image = [4, 2 * b, 6, 6];
  const shapes = { x: image, w: [2 * b, 2 * b, 3, 3], v: [2 * b, 2 * b, 3, 3], s: [2 * b, 1, 1], t: [1, 2 * b, 1, 1] };
  const window = { kernel: [3, 3], pads: [1, 1, 1, 1] };
  const reorders = (graph: Graph) => graph.nodes.filter(({ opType }) => opType.startsWith('Reorder')).length;
  const count = (graph: Graph, opType: string) => graph.nodes.filter((node) => node.opType === opType).length;
  // Into blocks for x, w and v; back for one result.
  const least = 4;

  const between = async (middle: (builder: GraphBuilder, y: Value) => Value) => {
    const blocked = await compare(shapes, (builder) => [builder.conv(middle(builder, builder.conv('x', 'w', window)), 'v', window)]);
    assert.equal(reorders(blocked), least);
    return blocked;
  };

  test('through activations', async () => {
    await between((builder, y) => builder.relu(y));
    await between((builder, y) => builder.mul(builder.tanh(y), builder.sigmoid(y)));
    await between((builder, y) => builder.op('LeakyRelu', [y], { alpha: float(0.3) })[0]);
    await between((builder, y) => builder.clip(y, -0.5, 0.5));
  });

  test('through scalars, multiples by channel and sums, in one pass each', async () => {
    const scaled = await between((builder, y) => builder.relu(builder.add(builder.mul(y, 's'), 't')));
    assert.equal(count(scaled, 'Relu') + count(scaled, 'Add'), 0);
    await between((builder, y) => builder.add(builder.mul(builder.relu(y), builder.scalar(3)), y));
    const summed = await between((builder, y) =>
      builder.add(builder.add(builder.mul(builder.relu(y), 's'), builder.mul(builder.tanh(y), 't')), 't'),
    );
    assert.equal(count(summed, 'Add'), 0);
    await between((builder, y) => builder.mul(builder.add(builder.mul(y, 's'), 't'), 't'));
    await between((builder, y) => builder.relu(builder.add(builder.add(y, 's'), builder.add(y, y))));
  });

  test('through the gradient of ReLU', async () => {
    const mask = (builder: GraphBuilder, y: Value) => builder.cast(builder.greater(y, builder.scalar(0)), 'float32');
    const masked = await between((builder, y) => builder.mul(y, mask(builder, builder.relu(y))));
    assert.equal(count(masked, 'Greater') + count(masked, 'Cast'), 0);
  });

  test('with two or four images in a block', async () => {
    for (const channels of [b / 2, b / 4]) {
      const narrow = { x: [8, channels, 6, 6], w: [channels, channels, 3, 3], v: [b, channels, 3, 3], s: [channels, 1, 1] };
      const blocked = await compare(narrow, (builder) => {
        const y = builder.conv('x', 'w', window);
        const z = builder.add(builder.relu(builder.mul(y, 's')), builder.tanh(y));
        return [builder.conv(z, 'v', window), builder.reduceSum(z, [0, 2, 3]), builder.globalAveragePool(z), builder.softmax(z, 2)];
      });
      assert.equal(count(blocked, 'Pad'), 0);
    }
  });

  test('and are put back for what works otherwise', async () => {
    await compare(shapes, (builder) => {
      const y = builder.conv('x', 'w', window);
      const turned = builder.transpose(y, [0, 1, 3, 2]);
      return [builder.conv(turned, 'v', window), builder.softmax(y, 1), builder.reduceSum(y, [0, 2, 3]), builder.globalAveragePool(y), y];
    });
    await compare(shapes, (builder) => {
      const y = builder.conv('x', 'w', window);
      return [builder.reduceSum(y, [0, 2, 3], true), builder.reduceSum(y, [1]), builder.mul(y, builder.reduceMean(y, [1], true))];
    });
  });
});

describe('batch normalisation in its training form', { skip }, () => {
  const norm = async (momentum: number, channels: number, size: readonly [number, number], offset: number) => {
    const image = [4, channels, ...size];
    const vector = [channels];
    const shapes = { x: image, w: [channels, channels, 3, 3], scale: vector, shift: vector, mean: vector, variance: vector };
    const blocked = await compare(shapes, (builder) => {
      const y = builder.add(builder.conv('x', 'w', { kernel: [3, 3], pads: [1, 1, 1, 1] }), builder.scalar(offset));
      const outputs = ['y', 'newMean', 'newVariance'];
      const attributes = { training_mode: int(1), momentum: float(momentum), epsilon: float(1e-3) };
      const inputs = [y, 'scale', 'shift', 'mean', 'variance'];
      builder.append({ name: 'norm', opType: 'BatchNormalization', domain: '', inputs, outputs, attributes });
      return [builder.relu('y'), 'newMean', 'newVariance'];
    });
    assert.ok(blocked.nodes.every(({ opType }) => opType !== 'BatchNormalization' && opType !== 'Relu'));
  };

  for (const momentum of [0, 0.9]) {
    for (const channels of [2 * b, b + 3, b / 2, b / 4]) {
      for (const size of [
        [5, 4],
        [9, 8],
      ] as const)
        test(`momentum ${momentum}, ${channels} channels, ${size}`, () => norm(momentum, channels, size, 0));
    }
  }
  test('with a mean that is large against the deviation', () => norm(0.9, b, [9, 8], 100));
});

test('where all weights are constants, nothing is touched', () => {
  const builder = new GraphBuilder('constant');
  const x = builder.input('x', 'float32', [2, b, 4, 4]);
  builder.output(builder.conv(x, builder.constant(draw([b, b, 3, 3])), { kernel: [3, 3] }));
  const graph = builder.build();
  assert.equal(withBlockedChannels(graph, block), graph);
});

test('a runtime without these operators is told from one that has them', async () => {
  assert.equal(await findBlock(() => Promise.reject(new Error('unknown domain'))), undefined);
  const wrong = async (graph: Graph): Promise<Program> => {
    const program = await compile(graph);
    const isBlocked = graph.nodes.filter(({ domain }) => domain === NCHWC_DOMAIN).length > 1;
    const broken = (outputs: Tensors) =>
      Object.fromEntries(
        Object.entries(outputs).map(([name, value]) => [
          name,
          float32(
            value.dims,
            floats(value).map((x) => -x),
          ),
        ]),
      );
    return isBlocked ? { ...program, run: async (feeds) => broken(await program.run(feeds)) } : program;
  };
  assert.equal(await findBlock(wrong), undefined);
});
