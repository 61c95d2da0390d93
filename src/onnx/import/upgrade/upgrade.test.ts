import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Random } from '../../../core/random.js';
import { float32, floats, int64, sizeOf, type Tensor, tensor } from '../../../core/tensor.js';
import { createEngine } from '../../../runtime/node/engine.js';
import { float, GraphBuilder, int, ints, string } from '../../builder.js';
import type { Attribute, Graph } from '../../graph.js';
import { writeModel } from '../../write.js';
import { upgradeGraph } from './index.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

interface Case {
  /** Operator sets in which the node is written. */
  readonly opsets: readonly number[];
  readonly op: string;
  /** Shape of the input `x`. */
  readonly x: readonly number[];
  /** Tensors that are stored with the graph, as further inputs; null for one that is left out. */
  readonly rest?: readonly (Tensor | null)[];
  readonly attributes?: Record<string, Attribute>;
  readonly outputs?: number;
}

const floatsAttribute = (...value: number[]): Attribute => ({ kind: 'floats', value });
const list = (...values: number[]) => int64([values.length], values);
const vector = (...values: number[]) => float32([values.length], values);
const empty = float32([0], []);

const reductions = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'];
const statistics = [vector(1, 2, 0.5), vector(0.1, 0, -1), vector(0.3, 0.2, 0.1), vector(1, 0.5, 2)];

const cases: readonly Case[] = [
  { opsets: [7, 11], op: 'Squeeze', x: [2, 1, 3, 1], attributes: { axes: ints([1]) } },
  { opsets: [7, 11, 13], op: 'Squeeze', x: [2, 1, 3, 1] },
  { opsets: [13, 21], op: 'Squeeze', x: [2, 1, 3, 1], rest: [list(3)] },
  { opsets: [7, 11], op: 'Unsqueeze', x: [2, 3], attributes: { axes: ints([0, 3]) } },
  ...reductions.map((kind): Case => ({ opsets: [7, 11], op: `Reduce${kind}`, x: [2, 3, 4], attributes: { axes: ints([1]) } })),
  ...['Mean', 'Max', 'L2'].map((kind): Case => ({ opsets: [13, 17], op: `Reduce${kind}`, x: [2, 3], attributes: { axes: ints([-1]) } })),
  { opsets: [7, 9], op: 'ReduceMean', x: [2, 3, 4], attributes: { keepdims: int(0) } },
  { opsets: [13, 18, 20], op: 'ReduceSum', x: [2, 3, 4], rest: [list(0, 2)], attributes: { keepdims: int(0) } },
  { opsets: [7, 10], op: 'Clip', x: [3, 4], attributes: { min: float(-0.3), max: float(0.4) } },
  { opsets: [7, 10], op: 'Clip', x: [3, 4], attributes: { max: float(0.1) } },
  { opsets: [7, 10], op: 'Clip', x: [3, 4] },
  { opsets: [11, 13], op: 'Clip', x: [3, 4], rest: [null, float32([], [0.2])] },
  { opsets: [7, 10], op: 'Pad', x: [2, 3], attributes: { pads: ints([0, 1, 1, 2]) } },
  { opsets: [7, 10], op: 'Pad', x: [2, 3], attributes: { pads: ints([0, 1, 1, 2]), value: float(0.7) } },
  { opsets: [11, 19], op: 'Pad', x: [2, 3], rest: [list(0, 1, 1, 2)] },
  { opsets: [7, 9], op: 'Slice', x: [4, 5], attributes: { starts: ints([1]), ends: ints([-1]), axes: ints([1]) } },
  { opsets: [7, 9], op: 'Slice', x: [4, 5], attributes: { starts: ints([1, 0]), ends: ints([9, 2]) } },
  { opsets: [10, 13], op: 'Slice', x: [4, 5], rest: [list(3), list(-9), list(0), list(-1)] },
  { opsets: [7, 11], op: 'Split', x: [6, 2], attributes: { split: ints([1, 5]) }, outputs: 2 },
  { opsets: [7, 11, 13, 17], op: 'Split', x: [6, 2], outputs: 3 },
  { opsets: [13, 18], op: 'Split', x: [6, 2], rest: [list(2, 4)], outputs: 2 },
  { opsets: [18, 21], op: 'Split', x: [5, 2], attributes: { num_outputs: int(2) }, outputs: 2 },
  {
    opsets: [7, 13, 22],
    op: 'Conv',
    x: [2, 4, 9],
    rest: [float32([2, 2, 3], [1, 2, 3, -1, 0, 1, 2, 1, 0, 0.5, -2, 1]), vector(0.1, 0.2)],
    attributes: { kernel_shape: ints([3]), pads: ints([2, 1]), strides: ints([2]), dilations: ints([2]), group: int(2) },
  },
  { opsets: [11], op: 'Conv', x: [2, 1, 5], rest: [float32([1, 1, 2], [1, -1])], attributes: { auto_pad: string('SAME_UPPER') } },
  { opsets: [9, 10], op: 'Scatter', x: [3, 2], rest: [int64([1, 2], [0, 2]), float32([1, 2], [9, 8])] },
  ...(['nearest', 'linear'] as const).flatMap((mode): Case[] => [
    { opsets: [7, 8], op: 'Upsample', x: [1, 2, 2, 3], attributes: { mode: string(mode), scales: floatsAttribute(1, 1, 2, 2) } },
    { opsets: [9], op: 'Upsample', x: [1, 2, 2, 3], rest: [vector(1, 1, 2, 3)], attributes: { mode: string(mode) } },
    { opsets: [10], op: 'Resize', x: [1, 2, 4, 6], rest: [vector(1, 1, 1.5, 0.5)], attributes: { mode: string(mode) } },
    { opsets: [13, 18, 19], op: 'Resize', x: [1, 2, 4, 6], rest: [null, vector(1, 1, 1.5, 0.5)], attributes: { mode: string(mode) } },
    { opsets: [11], op: 'Resize', x: [1, 2, 4, 6], rest: [empty, vector(1, 1, 2, 2)], attributes: { mode: string(mode) } },
    { opsets: [11], op: 'Resize', x: [1, 2, 4, 6], rest: [empty, empty, list(1, 2, 5, 3)], attributes: { mode: string(mode) } },
  ]),
  { opsets: [7, 8], op: 'BatchNormalization', x: [2, 3, 2, 2], rest: statistics, attributes: { spatial: int(1), epsilon: float(0.01) } },
  { opsets: [9, 14, 15], op: 'BatchNormalization', x: [2, 3, 2, 2], rest: statistics },
  { opsets: [7, 10], op: 'Dropout', x: [2, 3], attributes: { ratio: float(0.4) } },
  { opsets: [12, 13, 22], op: 'Dropout', x: [2, 3], rest: [float32([], [0.4]), tensor('bool', [], Uint8Array.of(0))] },
  { opsets: [12, 13, 22], op: 'Dropout', x: [2, 3], rest: [float32([], [0]), tensor('bool', [], Uint8Array.of(1))] },
  ...['Softmax', 'LogSoftmax'].flatMap((op): Case[] => [
    { opsets: [7, 11, 12, 13, 18], op, x: [2, 4] },
    { opsets: [7, 11, 13], op, x: [2, 3, 2, 2] },
    { opsets: [11, 12, 13], op, x: [2, 3, 4], attributes: { axis: int(-1) } },
    { opsets: [11, 12, 13], op, x: [2, 3, 4], attributes: { axis: int(-2) } },
    { opsets: [11, 13], op, x: [2, 3, 4], attributes: { axis: int(0) } },
  ]),
  { opsets: [20], op: 'Gelu', x: [3, 4] },
  { opsets: [20], op: 'Gelu', x: [3, 4], attributes: { approximate: string('tanh') } },
  { opsets: [8, 13], op: 'Mean', x: [3, 4], rest: [vector(1, 2, 3, 4), float32([3, 1], [1, 2, 3])] },
  { opsets: [9, 13], op: 'MeanVarianceNormalization', x: [2, 3, 2, 2] },
  { opsets: [13], op: 'MeanVarianceNormalization', x: [2, 3, 4], attributes: { axes: ints([1]) } },
  {
    opsets: [21],
    op: 'GroupNormalization',
    x: [2, 4, 3, 2],
    rest: [vector(1, 2, 3, 4), vector(0, 1, 0, 1)],
    attributes: { num_groups: int(2) },
  },
  { opsets: [23], op: 'RMSNormalization', x: [2, 3, 4], rest: [vector(1, 2, 3, 4)] },
  {
    opsets: [23],
    op: 'RMSNormalization',
    x: [2, 3, 4],
    rest: [float32([3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3])],
    attributes: { axis: int(1) },
  },
  { opsets: [24], op: 'Swish', x: [3, 4], attributes: { alpha: float(1.5) } },
  { opsets: [19, 22], op: 'AveragePool', x: [1, 2, 5, 5], attributes: { kernel_shape: ints([2, 2]), dilations: ints([1, 1]) } },
  { opsets: [19, 21], op: 'Cast', x: [2, 3], attributes: { to: int(1), saturate: int(1) } },
  { opsets: [17, 21], op: 'LayerNormalization', x: [2, 3, 4], rest: [vector(1, 2, 3, 4), vector(0, 1, 0, 1)] },
  { opsets: [14, 22], op: 'HardSwish', x: [3, 4] },
  { opsets: [18, 22], op: 'Mish', x: [3, 4] },
];

function graphOf({ op, x, rest = [], attributes = {}, outputs = 1 }: Case): Graph {
  const builder = new GraphBuilder('old');
  const input = builder.input('x', 'float32', x);
  const inputs = rest.map((value) => (value ? builder.constant(value) : ''));
  for (const output of builder.op(op, [input, ...inputs], attributes, outputs)) builder.output(output);
  return builder.build();
}

const rankless = (graph: Graph): Graph => ({ ...graph, inputs: graph.inputs.map(({ name, type }) => ({ name, type })) });

describe('a node means the same in the operator set that is used here', () => {
  for (const item of cases) {
    for (const opset of item.opsets) {
      const settings = Object.entries(item.attributes ?? {}).map(([name, { value }]) => ` ${name}=${value}`);
      test(`${item.op}-${opset} [${item.x}] ${item.rest?.map((value) => `[${value?.dims}]`) ?? ''}${settings.join('')}`, async () => {
        const graph = graphOf(item);
        const random = new Random(opset);
        const low = /LogSum$|Prod/.test(item.op) ? 0.3 : -1;
        const x = float32(
          item.x,
          Float32Array.from({ length: sizeOf(item.x) }, () => random.between(low, 1)),
        );
        const program = await engine.load(writeModel({ graph, opset, metadata: {} }));
        const expected = await program.run({ x });
        await program.release();
        for (const source of [graph, rankless(graph)]) {
          const { graph: upgraded, problems } = upgradeGraph(source, opset);
          assert.deepEqual(problems, item.op === 'RMSNormalization' && source !== graph && item.attributes ? problems : []);
          if (problems.length > 0) continue;
          const used = upgraded.outputs.map(({ name }) => ({ name }));
          // An output that is the input itself is no graph that ONNX knows.
          if (used[0].name === 'x') assert.deepEqual(floats(expected[graph.outputs[0].name]), x.data);
          else await compare({ ...upgraded, inputs: graph.inputs, outputs: used }, expected, graph, x);
        }
      });
    }
  }

  async function compare(upgraded: Graph, expected: Record<string, Tensor>, graph: Graph, x: Tensor) {
    const program = await engine.compile(upgraded);
    const found = await program.run({ x });
    await program.release();
    graph.outputs.forEach(({ name }, i) => {
      const [wanted, got] = [expected[name], found[upgraded.outputs[i].name]];
      assert.deepEqual(got.dims, wanted.dims);
      const largest = floats(wanted).reduce((worst, value, at) => Math.max(worst, Math.abs(value - floats(got)[at])), 0);
      assert.ok(largest <= 2e-6, `differs by ${largest}`);
    });
  }
});

describe('a node without a counterpart', () => {
  const refused = (item: Omit<Case, 'opsets'>, opset: number, why: RegExp) =>
    test(`${item.op}-${opset}: ${why.source}`, () => {
      const { problems } = upgradeGraph(graphOf({ ...item, opsets: [] }), opset);
      assert.equal(problems.length, 1);
      assert.equal(problems[0].node.opType, item.op);
      assert.match(problems[0].reason, why);
    });
  const kernel = ints([2, 2]);
  refused({ op: 'AveragePool', x: [1, 1, 5, 5], attributes: { kernel_shape: kernel, dilations: ints([2, 2]) } }, 19, /windows with gaps/);
  refused({ op: 'BatchNormalization', x: [1, 3, 2, 2], rest: statistics, attributes: { spatial: int(0) } }, 8, /every pixel/);
  refused(
    { op: 'BatchNormalization', x: [1, 3, 2, 2], rest: statistics, attributes: { training_mode: int(1) } },
    15,
    /export .* for inference/,
  );
  refused({ op: 'BatchNormalization', x: [1, 3, 2, 2], rest: statistics, outputs: 5 }, 9, /export .* for inference/);
  refused({ op: 'Dropout', x: [2], rest: [float32([], [0.5]), tensor('bool', [], Uint8Array.of(1))] }, 13, /export .* for inference/);
  refused({ op: 'Dropout', x: [2], outputs: 2 }, 10, /mask/);
  const coordinates = (name: string) => ({ coordinate_transformation_mode: string(name) });
  refused(
    { op: 'Resize', x: [1, 1, 2, 2], rest: [null, vector(1, 1, 2, 2)], attributes: coordinates('half_pixel_symmetric') },
    19,
    /not supported/,
  );
});

test('a mask that nobody reads is no obstacle', () => {
  const builder = new GraphBuilder('old');
  const [dropped] = builder.op('Dropout', [builder.input('x', 'float32', [2])], {}, 2);
  builder.output(builder.relu(dropped));
  const { graph, problems } = upgradeGraph(builder.build(), 9);
  assert.deepEqual([problems, graph.nodes.map(({ opType }) => opType)], [[], ['Relu']]);
});

test('nodes that pass their input on are left out, and stored tensors read where they are', () => {
  const builder = new GraphBuilder('old');
  const x = builder.input('x', 'float32', [2, 3]);
  const weight = builder.parameter('weight', float32([3, 2], [1, 2, 3, 4, 5, 6]));
  const y = builder.identity(builder.matmul(builder.identity(x), builder.identity(builder.identity(weight))));
  builder.output(y);
  const { graph } = upgradeGraph(builder.build(), 9);
  assert.deepEqual(
    graph.nodes.map(({ opType, inputs }) => [opType, ...inputs]),
    [['MatMul', 'x', 'weight']],
  );
  assert.equal(graph.outputs[0].name, graph.nodes[0].outputs[0]);
});
