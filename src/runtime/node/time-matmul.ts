import { full } from '../../core/tensor.js';
import { GraphBuilder } from '../../onnx/builder.js';
import type { Engine } from '../engine.js';

/**
 * Milliseconds that a product of two square matrices takes, after one warm-up. The result is reduced to its sum, so that
 * the transfer from the device does not count.
 */
export async function timeMatMul(engine: Engine, size: number): Promise<number> {
  const builder = new GraphBuilder('probe');
  const square = builder.input('square', 'float32', [size, size]);
  builder.output(builder.reduceSum(builder.matmul(square, square)), 'sum');
  const program = await engine.compile(builder.build());
  const feeds = { square: full([size, size], 1 / size) };
  await program.run(feeds);
  const started = performance.now();
  await program.run(feeds);
  await program.run(feeds);
  const elapsed = (performance.now() - started) / 2;
  await program.release();
  return elapsed;
}
