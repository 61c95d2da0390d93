import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { float32, floats, full, int64, zeros } from '../core/tensor.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { tensorsOfEveryType } from '../testing/small-model.js';
import { runOnce } from './engine.js';
import { createEngine } from './node/engine.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

/** sum <- sum + x, and twice the new sum as an output of its own. */
function accumulator(): Graph {
  const builder = new GraphBuilder('accumulator');
  const x = builder.input('x', 'float32', [2]);
  const sum = builder.input('sum', 'float32', [2]);
  const next = builder.output(builder.add(sum, x), 'next');
  builder.output(builder.mul(next, builder.scalar(2)), 'twice');
  return builder.build();
}

/** A product of two square matrices: about size³ / 10⁷ milliseconds of work. */
function product(size: number): Graph {
  const builder = new GraphBuilder('product');
  const square = builder.input('square', 'float32', [size, size]);
  builder.output(builder.reduceSum(builder.matmul(square, square)), 'sum');
  return builder.build();
}

describe('a program', () => {
  test('computes outputs from inputs, again and again', async () => {
    const builder = new GraphBuilder('g');
    const x = builder.input('x', 'float32', ['N', 2]);
    builder.output(builder.mul(x, builder.parameter('w', float32([2], [3, -1]))), 'y');
    const program = await engine.compile(builder.build());
    assert.deepEqual(await program.run({ x: float32([1, 2], [1, 2]) }), { y: float32([1, 2], [3, -2]) });
    assert.deepEqual(await program.run({ x: float32([2, 2], [0, 1, 2, 3]) }), { y: float32([2, 2], [0, -1, 6, -3]) });
    await program.release();
  });

  test('takes and gives every type, and scalars', async () => {
    const { empty: _, ...values } = tensorsOfEveryType();
    const builder = new GraphBuilder('types');
    for (const [name, { type, dims }] of Object.entries(values)) {
      builder.input(name, type, dims);
      builder.output(builder.reshape(name, dims.length === 0 ? [1] : [...dims, 1]), `${name}:out`);
      if (dims.length === 0) builder.output(builder.mul(name, builder.scalar(2)), 'doubled');
    }
    const outputs = await runOnce(engine, builder.build(), values);
    for (const [name, { type, dims, data }] of Object.entries(values)) {
      const found = outputs[`${name}:out`];
      assert.equal(found.type, type);
      assert.deepEqual(found.dims, dims.length === 0 ? [1] : [...dims, 1]);
      assert.deepEqual(new Uint8Array(found.data.buffer.slice(0)), new Uint8Array(data.buffer.slice(0)), name);
    }
    assert.deepEqual(outputs.doubled, float32([], [6]));
  });

  test('leaves what it was fed usable', async () => {
    const program = await engine.compile(accumulator());
    const feeds = { x: float32([2], [1, 2]), sum: zeros('float32', [2]) };
    await program.run(feeds);
    assert.deepEqual((await program.run(feeds)).next, float32([2], [1, 2]));
    await program.release();
  });

  test('without an input says which', async () => {
    const program = await engine.compile(accumulator());
    await assert.rejects(program.run({ x: float32([2], [1, 2]) }), /no value was given for the input 'sum'/);
    await program.release();
  });

  test('refuses wrong shapes and unknown operators with an error, and stays usable', async () => {
    const program = await engine.compile(product(4));
    await assert.rejects(program.run({ square: zeros('float32', [3, 4]) }));
    await assert.rejects(program.run({ square: int64([4, 4], new Array(16).fill(0)) }));
    assert.equal(floats((await program.run({ square: full([4, 4], 1) })).sum)[0], 64);
    await program.release();
    const builder = new GraphBuilder('unknown');
    builder.output(builder.op('NoSuchOperator', [builder.input('x', 'float32', [1])])[0]);
    await assert.rejects(engine.compile(builder.build()), /NoSuchOperator/);
  });

  test('that needs more memory than there is says so', async () => {
    const builder = new GraphBuilder('huge');
    const x = builder.input('x', 'float32', [1]);
    builder.output(builder.reduceSum(builder.expand(x, [2 ** 24, 2 ** 24])), 'sum');
    await assert.rejects(
      runOnce(engine, builder.build(), { x: full([1], 1) }),
      (error) => error instanceof UserError && /out of memory; use a smaller batch/.test(error.message),
    );
  });
});

describe('a held input', () => {
  test('stays from run to run, and counts as missing until it is written', async () => {
    const program = await engine.compile(accumulator(), { held: ['sum'] });
    const x = float32([2], [1, 2]);
    await assert.rejects(program.run({ x }), /held input 'sum' has no value yet/);
    await program.write({ sum: float32([2], [10, 20]) });
    for (const _ of [1, 2]) assert.deepEqual((await program.run({ x })).next, float32([2], [11, 22]));
    await program.write({ sum: float32([2], [0, 0]) });
    assert.deepEqual((await program.run({ x })).next, float32([2], [1, 2]));
    await program.release();
  });
});

describe('a run into other programs', () => {
  const x = float32([2], [1, 2]);

  test('sets their held inputs, and its own, to what comes out', async () => {
    const [one, two] = [await engine.compile(accumulator(), { held: ['sum'] }), await engine.compile(accumulator(), { held: ['sum'] })];
    await one.write({ sum: float32([2], [10, 20]) });
    await one.runInto({ x }, { program: two, inputs: { sum: 'twice' } }, { program: one, inputs: { sum: 'next' } });
    assert.deepEqual((await two.run({ x })).next, float32([2], [23, 46]));
    assert.deepEqual((await one.run({ x })).next, float32([2], [12, 24]));
    await one.release();
    await two.release();
  });

  test('refuses inputs that are not held, and programs of other engines', async () => {
    const program = await engine.compile(accumulator(), { held: ['sum'] });
    await program.write({ sum: x });
    await assert.rejects(program.runInto({ x }, { program, inputs: { x: 'next' } }), /'x' is neither a carried nor a held input/);
    const other = await createEngine({ device: 'cpu', threads: 1 });
    const foreign = await other.compile(accumulator(), { held: ['sum'] });
    await assert.rejects(program.runInto({ x }, { program: foreign, inputs: { sum: 'next' } }), /the same engine/);
    await other.close();
    await program.release();
  });
});

describe('carried state', () => {
  const carry = { sum: 'next' };
  const start = { sum: float32([2], [10, 20]) };
  const x = float32([2], [1, 2]);

  test('goes from one run to the next and is not among the outputs', async () => {
    const program = await engine.compile(accumulator(), { carry });
    await program.write(start);
    assert.deepEqual(await program.run({ x }), { twice: float32([2], [22, 44]) });
    assert.deepEqual(await program.run({ x }), { twice: float32([2], [24, 48]) });
    assert.deepEqual(await program.read(), { sum: float32([2], [12, 24]) });
    assert.deepEqual(await program.read(['sum']), { sum: float32([2], [12, 24]) });
    await program.release();
  });

  test('can be read, changed and put back', async () => {
    const program = await engine.compile(accumulator(), { carry });
    await program.write(start);
    await program.run({ x });
    const saved = await program.read();
    await program.run({ x });
    await program.write(saved);
    assert.deepEqual(await program.read(), saved);
    assert.deepEqual((await program.run({ x })).twice, float32([2], [24, 48]));
    await program.release();
  });

  test('is needed before the first run, and nothing else can be written', async () => {
    const program = await engine.compile(accumulator(), { carry });
    await assert.rejects(program.run({ x }), /carried input 'sum' has no value yet/);
    await assert.rejects(program.write({ x }), /'x' is neither a carried nor a held input/);
    await assert.rejects(program.read(['x']), /'x'/);
    await program.release();
  });

  test("is each program's own", async () => {
    const [one, two] = [await engine.compile(accumulator(), { carry }), await engine.compile(accumulator(), { carry })];
    await one.write(start);
    await two.write({ sum: zeros('float32', [2]) });
    await one.run({ x });
    await two.run({ x });
    assert.deepEqual(await one.read(), { sum: float32([2], [11, 22]) });
    assert.deepEqual(await two.read(), { sum: x });
    await one.release();
    await two.release();
  });

  test('takes in every one of several runs that are started at once, in order', async () => {
    const program = await engine.compile(accumulator(), { carry });
    const written = program.write(start);
    const runs = Array.from({ length: 20 }, () => program.run({ x }));
    const read = program.read();
    await written;
    const twice = await Promise.all(runs.map(async (run) => floats((await run).twice)[0]));
    assert.deepEqual(
      twice,
      Array.from({ length: 20 }, (_, i) => 2 * (11 + i)),
    );
    assert.deepEqual(await read, { sum: float32([2], [30, 60]) });
    await program.release();
  });
});

describe('a released program', () => {
  test('finishes what was asked for before, and refuses what comes after', async () => {
    const program = await engine.compile(product(256));
    const runs = [1, 2, 3].map(() => program.run({ square: full([256, 256], 1) }));
    const released = program.release();
    for (const run of runs) assert.equal(floats((await run).sum)[0], 256 ** 3);
    await released;
    await program.release();
    await assert.rejects(program.run({ square: full([256, 256], 1) }), /released/);
  });
});

describe('an engine', () => {
  test('runs different programs at once', async () => {
    const programs = await Promise.all([16, 32, 64].map((size) => engine.compile(product(size))));
    const sums = await Promise.all(
      [0, 1, 2, 2, 1, 0].map(async (i) => floats((await programs[i].run({ square: full([16 * 2 ** i, 16 * 2 ** i], 1) })).sum)[0]),
    );
    assert.deepEqual(
      sums,
      [16, 32, 64, 64, 32, 16].map((size) => size ** 3),
    );
    await Promise.all(programs.map((program) => program.release()));
  });

  test('leaves the event loop free while it computes', async () => {
    const size = 1600;
    const program = await engine.compile(product(size));
    const feeds = { square: full([size, size], 1) };
    await program.run(feeds);
    let ticks = 0;
    const started = performance.now();
    const timer = setInterval(() => ticks++, 5);
    await program.run(feeds);
    clearInterval(timer);
    const elapsed = performance.now() - started;
    await program.release();
    assert.ok(elapsed > 25, `the product took only ${elapsed} ms, too short to tell`);
    // A blocked loop would fire the timer once at most. A quarter of the possible ticks leaves room for a busy machine.
    assert.ok(ticks >= Math.max(2, elapsed / 20), `${ticks} ticks in ${elapsed} ms`);
  });

  test('that is closed before it has loaded anything does not take the process with it', async () => {
    for (let i = 0; i < 5; i++) await (await createEngine({ device: 'cpu', threads: 1 })).close();
  });

  test('that is closed refuses work, pending and new, and can be closed again', async () => {
    const other = await createEngine({ device: 'cpu', threads: 1 });
    const program = await other.compile(product(8));
    const pending = assert.rejects(other.compile(product(8)), /closed/);
    await other.close();
    await pending;
    await assert.rejects(program.run({ square: full([8, 8], 1) }), /closed/);
    await program.release();
    await other.close();
  });

  test('gives the same bytes for the same work', async () => {
    const builder = new GraphBuilder('conv');
    const x = builder.input('x', 'float32', [2, 3, 16, 16]);
    const weight = builder.parameter(
      'w',
      float32(
        [8, 3, 3, 3],
        Float32Array.from({ length: 216 }, (_, i) => Math.sin(i)),
      ),
    );
    builder.output(builder.softmax(builder.flatten(builder.conv(x, weight))), 'y');
    const feeds = {
      x: float32(
        [2, 3, 16, 16],
        Float32Array.from({ length: 1536 }, (_, i) => Math.cos(i)),
      ),
    };
    const other = await createEngine({ device: 'cpu', threads: 1 });
    assert.deepEqual(await runOnce(engine, builder.build(), feeds), await runOnce(other, builder.build(), feeds));
    await other.close();
  });
});
