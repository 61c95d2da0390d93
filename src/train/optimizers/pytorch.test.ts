import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { float32, floats, zeros } from '../../core/tensor.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Engine, Program } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { asTensor, readFixture, relativeError, type StoredTensor } from '../../testing/fixtures.js';
import { type AdamOptions, adam } from './adam.js';
import type { Optimizer } from './optimizer.js';
import { type SgdOptions, sgd } from './sgd.js';

const TOLERANCE = 1e-5;
const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

interface Run<Options> {
  readonly learningRate: number;
  readonly options: Options;
  readonly initial: StoredTensor;
  readonly gradients: readonly StoredTensor[];
  readonly parameters: readonly StoredTensor[];
}

/** The optimiser's update of one parameter, with parameter and state carried from step to step. */
async function compile(on: Engine, optimizer: Optimizer, initial: StoredTensor): Promise<Program> {
  const builder = new GraphBuilder('update');
  const parameter = builder.input('w', 'float32', initial.dims);
  const gradient = builder.input('g', 'float32', initial.dims);
  const state = optimizer.slots.map((slot) => builder.input(slot, 'float32', initial.dims));
  const scalars = { learningRate: builder.input('rate', 'float32', []), step: builder.input('step', 'float32', []) };
  const updated = optimizer.update({ builder, parameter, gradient, state, ...scalars });
  const carry = Object.fromEntries(
    [[parameter, updated.parameter], ...state.map((name, i) => [name, updated.state[i]])].map(([name, value]) => [
      name,
      builder.output(builder.identity(value)),
    ]),
  );
  const program = await on.compile(builder.build(), { carry });
  await program.write({ w: asTensor(initial), ...Object.fromEntries(state.map((name) => [name, zeros('float32', initial.dims)])) });
  return program;
}

async function check(optimizer: Optimizer, { learningRate, initial, gradients, parameters }: Run<unknown>): Promise<void> {
  assert.equal(parameters.length, 10);
  const program = await compile(engine, optimizer, initial);
  for (const [i, expected] of parameters.entries()) {
    await program.run({ g: asTensor(gradients[i]), rate: float32([], [learningRate]), step: float32([], [i + 1]) });
    const { w } = await program.read(['w']);
    const error = relativeError(floats(w), expected.data);
    assert.ok(error <= TOLERANCE, `step ${i + 1}: relative error ${error}`);
  }
  await program.release();
}

const { sgd: sgdRuns, adam: adamRuns } = readFixture<{ sgd: Run<SgdOptions>[]; adam: Run<AdamOptions>[] }>('optimizers');

describe('ten steps are those of PyTorch', () => {
  for (const run of sgdRuns) test(`SGD ${JSON.stringify(run.options)}`, () => check(sgd(run.options), run));
  for (const run of adamRuns) test(`Adam ${JSON.stringify(run.options)}, rate ${run.learningRate}`, () => check(adam(run.options), run));
});

test("the defaults are PyTorch's, with the momentum that everybody uses", async () => {
  const momentum = sgdRuns.find(({ options }) => options.momentum === 0.9 && !options.nesterov && !options.weightDecay);
  const plainAdam = adamRuns.find(({ options }) => !options.weightDecay);
  assert.ok(momentum && plainAdam);
  await check(sgd(), momentum);
  await check(adam(), plainAdam);
});

test('SGD without momentum keeps no state', () => {
  assert.deepEqual(sgd({ momentum: 0 }).slots, []);
  assert.deepEqual(sgd().slots, ['momentum']);
});
