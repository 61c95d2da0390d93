import { float32, floats } from '../../core/tensor.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Graph } from '../../onnx/graph.js';
import { convWeightGradient } from '../../onnx/weight-gradient.js';
import type { Program, Tensors } from '../engine.js';
import { withPlainAdjoints } from '../plain/adjoints.js';
import { wave } from '../wave.js';
import { withBlockedChannels } from './layout.js';
import { BlockedOperators } from './operators.js';

/** Largest difference, as a share of the largest value, that the order of summation can explain. */
const TOLERANCE = 1e-4;

/**
 * How many channels this machine's ONNX Runtime puts in a block: 16 with AVX-512, 8 with AVX; undefined where it does not have the
 * layout, or computes anything else with it than with its ordinary operators. Its operators for it are not documented, so nothing
 * is taken for granted.
 * @param compile a graph as it is.
 */
export async function findBlock(compile: (graph: Graph) => Promise<Program>): Promise<number | undefined> {
  try {
    const block = await observedBlock(compile);
    return block !== undefined && (await computesTheSame(compile, block)) ? block : undefined;
  } catch {
    // An unknown operator, or one that refuses these shapes.
    return undefined;
  }
}

/** After b channels of one position come b channels of the next. */
async function observedBlock(compile: (graph: Graph) => Promise<Program>): Promise<number | undefined> {
  const channels = 64;
  const builder = new GraphBuilder('block-size');
  const x = builder.input('x', 'float32', [1, channels, 1, 2]);
  builder.output(new BlockedOperators(builder, 1).reorderInput(x), 'y');
  const numbers = Array.from({ length: 2 * channels }, (_, i) => i);
  const { y } = await runOnce(compile, builder.build(), { x: float32([1, channels, 1, 2], numbers) });
  const block = floats(y).indexOf(1);
  return block >= 4 && channels % block === 0 ? block : undefined;
}

async function computesTheSame(compile: (graph: Graph) => Promise<Program>, block: number): Promise<boolean> {
  const [image, weight] = [
    [block, 2 * block, 5, 5],
    [2 * block, 2 * block, 3, 3],
  ];
  const builder = new GraphBuilder('blocked');
  const [x, w] = [builder.input('x', 'float32', image), builder.input('w', 'float32', weight)];
  const window = { kernel: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1], dilations: [1, 1], group: 1 };
  const y = builder.output(builder.conv(x, w, window));
  builder.output(builder.convTranspose(y, w, window));
  builder.output(convWeightGradient(builder, x, y, { ...window, input: image, output: image }));
  const graph = builder.build();
  const feeds = { x: wave(image), w: wave(weight) };
  const expected = await runOnce(compile, withPlainAdjoints(graph), feeds);
  const found = await runOnce(compile, withBlockedChannels(graph, block), feeds);
  return Object.entries(expected).every(([name, value]) => {
    const largest = floats(value).reduce((most, number) => Math.max(most, Math.abs(number)), 0);
    return floats(value).every((number, i) => Math.abs(number - floats(found[name])[i]) <= TOLERANCE * largest);
  });
}

async function runOnce(compile: (graph: Graph) => Promise<Program>, graph: Graph, feeds: Tensors): Promise<Tensors> {
  const program = await compile(graph);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}
