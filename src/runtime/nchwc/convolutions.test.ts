import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { GraphBuilder } from '../../onnx/builder.js';
import { convWeightGradient } from '../../onnx/weight-gradient.js';
import { startBlockedComparison } from '../../testing/blocked.js';

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

const { block: b, skip, compare, close } = await startBlockedComparison();
after(() => close());

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
      compare({ x: input, w: weight, c: [out] }, (builder) => [builder.conv('x', 'w', window, 'c')], { blocked: !plain }).then(() => {}));

    test(`its input gradient: ${name}`, async () => {
      const rest = [0, 1].map((axis) => size[axis] - ((small[axis] - 1) * stride + reach - pads[axis] - pads[2 + axis]));
      await compare({ g: output, w: weight }, (builder) => [builder.convTranspose('g', 'w', { ...window, outputPadding: rest })], {
        blocked: !staysPlain,
      });
    });

    test(`its weight gradient: ${name}`, async () => {
      const [inner, outer] = [channels, out].map((count) => (count === b / 2 || count === b / 4 ? b / count : 1));
      const fold = channels * outer < b ? outer : Math.max(inner, outer);
      const done = !plain && dilation === 1 && batch % (fold * b) === 0;
      await compare({ x: input, g: output }, (builder) => [convWeightGradient(builder, 'x', 'g', { ...window, input, output })], {
        blocked: done,
      });
    });
  }
});

test('a weight gradient says the shapes of what it reads, where no other operator does', { skip }, async () => {
  for (const channels of [b, b / 2, 128]) {
    const shape = [2 * b, channels, 6, 6];
    const window = { kernel: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1], dilations: [1, 1], group: 1, input: shape, output: shape };
    const unknown = (builder: GraphBuilder, name: string) => builder.softmax(name, 1);
    await compare(
      { x: shape, g: shape },
      (builder) => [convWeightGradient(builder, unknown(builder, 'x'), unknown(builder, 'g'), window)],
      { tolerance: 3e-5 },
    );
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
        { tolerance: 3e-5 },
      );
      assert.ok(rewritten.nodes.every(({ opType }) => opType !== 'Conv'));
    });
  }
});
