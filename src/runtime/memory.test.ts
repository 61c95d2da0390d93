import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { floats, full } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { createEngine } from './node/engine.js';

// ONNX Runtime has been reported to leak where very many sessions are created and released (onnxruntime issue 25325).

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const SIZE = 1024;
/** Bytes of the weights, and of the carried state. */
const WEIGHTS = 4 * SIZE * SIZE;
const MIB = 2 ** 20;

/** y = x·w + s and s <- s + 1: weights and state of 4 MiB each. */
function graph(): Graph {
  const builder = new GraphBuilder('large');
  const x = builder.input('x', 'float32', ['N', SIZE]);
  const state = builder.input('state', 'float32', [SIZE, SIZE]);
  builder.output(builder.add(state, builder.scalar(1)), 'next');
  builder.output(builder.add(builder.matmul(x, builder.parameter('w', full([SIZE, SIZE], 1))), builder.reduceSum(state)), 'y');
  return builder.build();
}

/** Growth of the resident memory over `cycles` repetitions, after as many as it takes to warm up. */
async function growth(cycles: number, work: () => Promise<void>): Promise<number> {
  for (let i = 0; i < 20; i++) await work();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < cycles; i++) await work();
  return process.memoryUsage().rss - before;
}

describe('resident memory stays bounded', () => {
  test('over many compiled, run and released programs', async () => {
    const large = graph();
    const CYCLES = 120;
    const grown = await growth(CYCLES, async () => {
      const program = await engine.compile(large, { carry: { state: 'next' } });
      await program.write({ state: full([SIZE, SIZE], 0) });
      const { y } = await program.run({ x: full([4, SIZE], 1) });
      assert.equal(floats(y)[0], SIZE);
      await program.release();
    });
    // One copy of the weights, or of the state, kept in each cycle would come to 480 MiB.
    assert.ok(grown < (CYCLES * WEIGHTS) / 3, `${(grown / MIB).toFixed(0)} MiB in ${CYCLES} cycles`);
  });

  test('over many runs with carried state and large results', async () => {
    const program = await engine.compile(graph(), { carry: { state: 'next' } });
    await program.write({ state: full([SIZE, SIZE], 0) });
    const RUNS = 150;
    const grown = await growth(RUNS, async () => {
      await program.run({ x: full([4, SIZE], 1) });
      await program.read();
    });
    await program.release();
    assert.ok(grown < (RUNS * WEIGHTS) / 3, `${(grown / MIB).toFixed(0)} MiB in ${RUNS} runs`);
  });
});
