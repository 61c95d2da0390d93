import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { floats } from '../core/tensor.js';
import { OPSET } from '../onnx/graph.js';
import type { WeightGradientShape } from '../onnx/weight-gradient.js';
import { writeModel } from '../onnx/write.js';
import { relativeError } from '../testing/fixtures.js';
import type { Tensors } from './engine.js';
import { type Form, formKey, formsFor, gradientShapes, trialOf } from './forms.js';
import { lowerFor } from './lower.js';
import { findBlock } from './nchwc/block-size.js';
import { createEngine } from './node/engine.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());
const block = await findBlock((graph) => engine.load(writeModel({ graph, opset: OPSET, metadata: {} })));

interface Sizes {
  readonly channels: number;
  readonly out: number;
  readonly side?: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly group?: number;
}

function shapeOf({ channels, out, side = 8, kernel = 3, stride = 1, dilation = 1, group = 1 }: Sizes): WeightGradientShape {
  const pad = Math.floor((dilation * (kernel - 1)) / 2);
  const small = Math.floor((side + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
  return {
    input: [16, channels, side, side],
    output: [16, out, small, small],
    kernel: [kernel, kernel],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    pads: [pad, pad, pad, pad],
    group,
  };
}

const cases: readonly { readonly sizes: Sizes; readonly forms: readonly Form[] }[] = [
  { sizes: { channels: 32, out: 16 }, forms: ['winograd', 'blocked', 'shifts', 'exchange', 'taps'] },
  { sizes: { channels: 32, out: 16, stride: 2 }, forms: ['blocked', 'exchange', 'taps'] },
  { sizes: { channels: 32, out: 16, kernel: 1 }, forms: ['blocked', 'taps'] },
  { sizes: { channels: 16, out: 32, dilation: 2 }, forms: ['shifts', 'exchange', 'taps'] },
  { sizes: { channels: 16, out: 16, group: 16 }, forms: ['taps'] },
  { sizes: { channels: 3, out: 16 }, forms: ['winograd', 'blocked', 'shifts', 'exchange', 'taps'] },
];

describe('forms of a weight gradient', () => {
  for (const { sizes, forms } of cases) {
    const shape = shapeOf(sizes);
    test(`${formKey(shape)}: ${forms.join(', ')} come to the same`, async () => {
      assert.deepEqual(formsFor(shape, true), forms);
      assert.deepEqual(
        formsFor(shape, false),
        forms.filter((form) => form !== 'winograd' && form !== 'blocked'),
      );
      const { graph, feeds } = trialOf(shape);
      assert.deepEqual(gradientShapes(graph), [shape]);
      const run = async (form?: Form): Promise<Tensors> => {
        const lowered = lowerFor('cpu', graph, {}, block, () => form);
        const program = await engine.load(writeModel({ graph: lowered, opset: OPSET, metadata: {} }));
        try {
          return await program.run(feeds);
        } finally {
          await program.release();
        }
      };
      const byRule = await run();
      for (const form of forms) {
        for (const [name, value] of Object.entries(await run(form))) {
          const error = relativeError(floats(value), floats(byRule[name]));
          assert.ok(error < 1e-4, `${name} by ${form} is off by ${error}`);
        }
      }
    });
  }

  test('are computed as chosen', { skip: block === undefined && 'this machine has no blocked channels' }, () => {
    const shape = shapeOf({ channels: 32, out: 32 });
    const graphs = formsFor(shape, true).map((form) => lowerFor('cpu', trialOf(shape).graph, {}, block, () => form));
    const operators = graphs.map(({ nodes }) => JSON.stringify(nodes.map(({ opType, domain }) => domain + opType).sort()));
    assert.equal(new Set(operators).size, graphs.length);
  });
});
