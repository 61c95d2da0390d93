import assert from 'node:assert/strict';
import { Random } from '../core/random.js';
import { float32, floats, sizeOf } from '../core/tensor.js';
import { GraphBuilder, type Value } from '../onnx/builder.js';
import { type Graph, OPSET } from '../onnx/graph.js';
import { writeModel } from '../onnx/write.js';
import type { Program, Tensors } from '../runtime/engine.js';
import { findBlock } from '../runtime/nchwc/block-size.js';
import { withBlockedChannels } from '../runtime/nchwc/layout.js';
import { NCHWC_DOMAIN } from '../runtime/nchwc/operators.js';
import { createEngine } from '../runtime/node/engine.js';
import { withPlainAdjoints } from '../runtime/plain/adjoints.js';

const TOLERANCE = 5e-6;

export interface Expectation {
  /** Whether anything is to be blocked. Default true. */
  readonly blocked?: boolean;
  /** Largest difference, as a share of the largest value. Default 5e-6. */
  readonly tolerance?: number;
}

/** Compares graphs on blocked channels with the same graphs in ONNX's own operators. */
export interface BlockedComparison {
  /** Channels in a block; 16 where this machine has no blocks. */
  readonly block: number;
  /** Why the tests are skipped, or false. */
  readonly skip: string | false;
  /** Compiles a graph as it is. */
  compile(graph: Graph): Promise<Program>;
  /** Builds a graph whose inputs are all random, and compares what comes out in both layouts; returns the one on blocked channels. */
  compare(
    shapes: Readonly<Record<string, readonly number[]>>,
    build: (builder: GraphBuilder) => readonly Value[],
    expectation?: Expectation,
  ): Promise<Graph>;
  close(): Promise<void>;
}

export async function startBlockedComparison(): Promise<BlockedComparison> {
  const engine = await createEngine({ device: 'cpu', threads: 2 });
  const compile = (graph: Graph): Promise<Program> => engine.load(writeModel({ graph, opset: OPSET, metadata: {} }));
  const found = await findBlock(compile);
  const block = found ?? 16;
  const random = new Random(5);

  const run = async (graph: Graph, feeds: Tensors): Promise<Tensors> => {
    const program = await compile(graph);
    try {
      return await program.run(feeds);
    } finally {
      await program.release();
    }
  };
  const draw = (dims: readonly number[]) =>
    float32(
      dims,
      Float32Array.from({ length: sizeOf(dims) }, () => random.between(-1, 1)),
    );

  return {
    block,
    skip: found === undefined && 'this machine has no operators on blocked channels',
    compile,
    close: () => engine.close(),
    async compare(shapes, build, { blocked: expectBlocked = true, tolerance = TOLERANCE } = {}) {
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
    },
  };
}
