import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Interrupted, UserError } from '../core/errors.js';
import type { ProgressEvent } from '../core/progress.js';
import { floats } from '../core/tensor.js';
import type { Engine } from '../runtime/engine.js';
import { createEngine } from '../runtime/node/engine.js';
import { madeUpBatches, tinyNetwork } from '../testing/batches.js';
import type { Batch, BatchSource } from './batch.js';
import type { CheckpointStore } from './checkpoint.js';
import { type TrainOptions, train } from './loop.js';
import { adam } from './optimizers/adam.js';
import { sgd } from './optimizers/sgd.js';
import { constantRate, oneCycle } from './schedules.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const network = tinyNetwork();
const source = madeUpBatches(network, { batchSize: 6, batchesPerEpoch: 7 });
const options: TrainOptions = { epochs: 3, optimizer: sgd({ weightDecay: 1e-3 }), schedule: constantRate(0.05), run: 'test' };

/** Keeps checkpoints in memory; `saves` holds every one there was. */
function memory(): CheckpointStore & { saves: Uint8Array[] } {
  const saves: Uint8Array[] = [];
  return {
    name: 'memory',
    saves,
    load: async () => saves.at(-1),
    save: async (bytes) => {
      saves.push(bytes);
    },
  };
}

/** The source with one batch of one epoch made into nonsense. */
function poisoned(epoch: number, batch: number): BatchSource {
  return {
    ...source,
    *epoch(number) {
      let i = 0;
      for (const { images, targets } of source.epoch(number)) {
        const broken = number === epoch && i++ === batch;
        yield broken ? { images: { ...images, data: images.data.map(() => Number.NaN) }, targets } : { images, targets };
      }
    },
  };
}

/** The same batches, with a note when no more are wanted. */
function* closing(batches: Iterable<Batch>, log: string[]): Generator<Batch> {
  try {
    yield* batches;
  } finally {
    log.push('closed');
  }
}

const userError = (why: RegExp) => (error: unknown) => error instanceof UserError && why.test(error.message);

describe('training', () => {
  test('records each epoch, and reports steps as they go by', async () => {
    const events: ProgressEvent[] = [];
    const { history } = await train(engine, network, source, { ...options, progress: (event) => events.push(event), phase: 'fine-tune' });
    assert.deepEqual(
      history.map(({ epoch }) => epoch),
      [1, 2, 3],
    );
    assert.ok(history[2].loss < history[0].loss && history[2].accuracy > history[0].accuracy);
    for (const { loss, accuracy, seconds, learningRate } of history) {
      assert.ok(loss > 0 && accuracy >= 0 && accuracy <= 1 && seconds > 0);
      assert.equal(learningRate, 0.05);
    }
    assert.deepEqual(
      events.map(({ done }) => done),
      [5, 7, 12, 14, 19, 21],
    );
    for (const { phase, total, unit } of events) assert.deepEqual({ phase, total, unit }, { phase: 'fine-tune', total: 21, unit: 'step' });
    assert.deepEqual(events.at(-1)?.figures, { epoch: 3, loss: history[2].loss, accuracy: history[2].accuracy });
  });

  test('makes the next batch while the device computes, and leaves no source open', async () => {
    const log: string[] = [];
    const watched: BatchSource = {
      ...source,
      *epoch(number) {
        try {
          for (const batch of source.epoch(number)) {
            log.push('made');
            yield batch;
          }
        } finally {
          log.push('closed');
        }
      },
    };
    const watching: Engine = {
      device: engine.device,
      threads: engine.threads,
      load: (file) => engine.load(file),
      close: () => engine.close(),
      compile: async (graph, compileOptions) => {
        const program = await engine.compile(graph, compileOptions);
        const run: typeof program.run = async (feeds) => {
          const outputs = await program.run(feeds);
          if (compileOptions?.carry) log.push('computed');
          return outputs;
        };
        return { ...program, run };
      },
    };
    await train(watching, network, watched, { ...options, epochs: 1 });
    assert.deepEqual(log, ['made', ...Array.from({ length: 6 }, () => ['made', 'computed']).flat(), 'closed', 'computed']);
    log.length = 0;
    const broken = poisoned(0, 1);
    await assert.rejects(
      train(watching, network, { ...watched, epoch: (number) => closing(broken.epoch(number), log) }, options),
      UserError,
    );
    assert.deepEqual(log.at(-1), 'closed');
  });

  test('gives the same bytes twice', async () => {
    const [one, two] = [await train(engine, network, source, options), await train(engine, network, source, options)];
    assert.deepEqual(one.classifier, two.classifier);
  });

  for (const [name, changes] of [
    ['SGD', {}],
    ['Adam at a rate that changes with every step', { optimizer: adam(), schedule: oneCycle({ peak: 0.02, steps: 21 }) }],
  ] as const) {
    test(`resumed after any epoch ends with the same bytes: ${name}`, async () => {
      const store = memory();
      const straight = await train(engine, network, source, { ...options, ...changes, checkpoints: store });
      assert.equal(store.saves.length, 3);
      for (const [finished, bytes] of store.saves.entries()) {
        const later = memory();
        later.saves.push(bytes);
        // The network that one begins with does not matter any more.
        const resumed = await train(engine, tinyNetwork(9), source, { ...options, ...changes, checkpoints: later });
        assert.equal(later.saves.length, 3 - finished);
        const values = straight.classifier.graph.initializers;
        for (const [parameter, value] of resumed.classifier.graph.initializers) assert.deepEqual(value, values.get(parameter), parameter);
        assert.equal(resumed.history.length, 3);
        assert.deepEqual(
          resumed.history.map(({ loss }) => loss),
          straight.history.map(({ loss }) => loss),
        );
      }
    });
  }

  test('interrupted stops within the epoch, and goes on from the last one', async () => {
    const store = memory();
    const controller = new AbortController();
    const progress = ({ done }: ProgressEvent) => done >= 12 && controller.abort();
    await assert.rejects(
      train(engine, network, source, { ...options, checkpoints: store, signal: controller.signal, progress }),
      (error) => error instanceof Interrupted && error.message === 'interrupted in epoch 2 of 3',
    );
    assert.equal(store.saves.length, 1);
    const resumed = await train(engine, network, source, { ...options, checkpoints: store });
    assert.deepEqual(resumed.classifier, (await train(engine, network, source, options)).classifier);
  });

  test('refuses the checkpoint of another run', async () => {
    const store = memory();
    await train(engine, network, source, { ...options, epochs: 1, checkpoints: store });
    await assert.rejects(
      train(engine, network, source, { ...options, run: 'other', checkpoints: store }),
      userError(/^memory: belongs to a run with other data or options/),
    );
  });
});

describe('a loss that is no number stops training', () => {
  test('and names the step, and that there is no checkpoint', async () => {
    await assert.rejects(
      train(engine, network, poisoned(0, 3), options),
      userError(/not a number at step 4 of epoch 1; there is no checkpoint yet; try a lower/),
    );
    const early = { ...options, checkpoints: memory() };
    await assert.rejects(train(engine, network, poisoned(0, 0), early), userError(/at step 1 of epoch 1; there is no checkpoint yet/));
    assert.equal(early.checkpoints.saves.length, 0);
  });

  test('and names the last good checkpoint', async () => {
    const store = memory();
    const attempt = train(engine, network, poisoned(2, 1), { ...options, checkpoints: store });
    await assert.rejects(
      attempt,
      userError(/not a number at step 2 of epoch 3; the last good checkpoint, after epoch 2, is memory; try a lower/),
    );
    assert.equal(store.saves.length, 2);
  });

  test('even if only the last update of an epoch went wrong', async () => {
    // The loss of a step is that before its update, so the seventh update of the second epoch is the last that goes unseen.
    const schedule = ({ step }: { step: number }) => (step === 13 ? Number.POSITIVE_INFINITY : 0.05);
    const store = memory();
    const attempt = train(engine, network, source, { ...options, schedule, checkpoints: store });
    await assert.rejects(
      attempt,
      userError(/is no longer finite after the last step of epoch 2; the last good checkpoint, after epoch 1, is memory/),
    );
    assert.equal(store.saves.length, 1);
  });

  test('as a rate that is far too high brings about', async () => {
    await assert.rejects(
      train(engine, network, source, { ...options, epochs: 20, schedule: constantRate(1e20) }),
      userError(/try a lower learning rate/),
    );
  });
});

test('the classifier that comes out is whole', async () => {
  const { classifier } = await train(engine, network, source, options);
  for (const [name, value] of classifier.graph.initializers) {
    if (value.type === 'float32') assert.ok(floats(value).every(Number.isFinite), name);
  }
  assert.deepEqual([...classifier.graph.initializers.keys()], [...network.graph.initializers.keys()]);
});
