import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Interrupted, UserError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { float32, floats, full, type Tensor } from '../../core/tensor.js';
import { imageAt } from '../../data/dataset.js';
import { plantBackdoor } from '../../jobs/plant.js';
import { GraphBuilder } from '../../onnx/builder.js';
import { runOnce, type Tensors } from '../../runtime/engine.js';
import { createEngine } from '../../runtime/node/engine.js';
import { attackContext } from '../../testing/attack-context.js';
import { brightnessClassifier } from '../../testing/brightness.js';
import { madeUpDataset } from '../../testing/dataset.js';
import type { CheckpointStore } from '../../train/checkpoint.js';
import { sgd } from '../../train/optimizers/sgd.js';
import { blend, normalisation, sameness, triggerGraph } from './graphs.js';
import { inputAware } from './index.js';
import { trainMask } from './mask.js';
import { JointStep } from './step.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const made = madeUpDataset(16, 3, [1, 8, 8]);
const noise = new Random(1);
const train = { ...made, images: made.images.map((_, i) => 20 + 90 * made.labels[Math.floor(i / 64)] + noise.below(30)) };

test('the published defaults are the defaults', () => {
  assert.deepEqual(inputAware.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    lr_G: 0.01,
    lr_M: 0.01,
    schedulerM_milestones: [10, 20],
    lambda_div: 1,
    lambda_norm: 100,
    mask_density: 0.032,
    clean_train_epochs: 25,
    mask_batch_size: 128,
  });
});

test('outputs are called the same by how much less they differ than the images', async () => {
  const builder = new GraphBuilder('sameness');
  const names = ['x1', 'x2', 'y1', 'y2'].map((name) => builder.input(name, 'float32', [2, 1, 1, 2]));
  builder.output(sameness(builder, [names[0], names[1]], [names[2], names[3]]), 'out');
  const pair = (...values: number[]) => float32([2, 1, 1, 2], values);
  const feeds = { x1: pair(1, 2, 0, 0), x2: pair(1, 6, 3, 4), y1: pair(0, 0, 1, 1), y2: pair(1, 1, 1, 3) };
  const { out } = await runOnce(engine, builder.build(), feeds);
  // rms of (0, 4) is 2.828, of (1, 1) is 1; of (3, 4) 3.536, of (0, 2) 1.414: the mean of 2.828 and 2.5.
  assert.ok(Math.abs(floats(out)[0] - (Math.sqrt(8) + 2.5) / 2) < 1e-5);
});

test('the pattern shows where the mask is 1', async () => {
  const builder = new GraphBuilder('blend');
  const [images, patterns, masks] = ['images', 'patterns', 'masks'].map((name) => builder.input(name, 'float32', [1, 1, 1, 3]));
  builder.output(blend(builder, images, patterns, masks), 'out');
  const row = (...values: number[]) => float32([1, 1, 1, 3], values);
  const { out } = await runOnce(engine, builder.build(), {
    images: row(0.2, 0.2, 0.2),
    patterns: row(0.6, 0.6, 0.6),
    masks: row(0, 1, 0.5),
  });
  assert.deepEqual(
    Array.from(floats(out), (value) => value.toFixed(3)),
    ['0.200', '0.600', '0.400'],
  );
});

/** Parameters of the mask's network with which it covers everything or nothing. */
function constantMask(covered: boolean): Tensors {
  const names = [...triggerGraph([1, 8, 8]).initializers].filter(([name]) => name.startsWith('mask.'));
  const last: Tensors = { 'mask.up3.2.norm.weight': full([1], 0), 'mask.up3.2.norm.bias': full([1], covered ? 9 : -9) };
  return { ...Object.fromEntries(names), ...last };
}

test('of every batch the first images carry their own trigger, the next that of others, and the rest none', async () => {
  const model = brightnessClassifier(3, [1, 8, 8]);
  const images = train.images.subarray(0, 6 * 64);
  const greys = [0.1, 0.45, 0.8, 0.1, 0.45, 0.8];
  const batch = {
    images: float32(
      [6, 1, 8, 8],
      Float32Array.from(images, (_, i) => greys[Math.floor(i / 64)]),
    ),
    targets: float32([6, 3], [1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1]),
    others: { partners: full([2, 1, 8, 8], 0.3) },
  };
  const labels = [0, 0, 2, 0, 1, 2];
  // The logits of a brightness m are 2 c m - c² for the centres 0, 0.5 and 1.
  const entropy = (brightness: number[]) =>
    brightness.reduce((sum, m, i) => {
      const logits = [0, 0.5, 1].map((c) => 2 * c * m - c * c);
      return sum + Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0)) - logits[labels[i]];
    }, 0) / 6;
  // With a scale of 0 and a shift of 9 the pattern is 1/2 + tanh(tanh(9)) / 2 = 0.881 everywhere.
  const flat = 0.5 + Math.tanh(Math.tanh(9)) / 2;
  for (const [covered, expected] of [
    [false, entropy(greys)],
    [true, entropy([flat, flat, flat, flat, 0.45, 0.8])],
  ] as const) {
    const joint = { poisoned: 2, mask: constantMask(covered), statistics: normalisation(train), rate: 0.01, diversityWeight: 1 };
    const step = await JointStep.compile(engine, model, { batchSize: 6, optimizer: sgd() }, { ...joint, random: new Random(1) });
    const state = await step.read();
    assert.ok(
      Object.keys(state).every((name) => !name.startsWith('mask.')),
      'the mask stays as it is',
    );
    await step.restore({ ...state, 'pattern.up3.2.norm.weight': full([1], 0), 'pattern.up3.2.norm.bias': full([1], 9) }, 0);
    const { loss } = await step.run(batch, 0.01);
    assert.ok(Math.abs(loss - expected) < 1e-3, `${loss}, expected ${expected}`);
    const { graph } = await step.classifier();
    assert.notDeepEqual(floats(graph.initializers.get('weight')), floats(model.graph.initializers.get('weight')), 'the classifier learns');
    const before = state['pattern.middle.conv.weight'] as Tensor;
    assert.equal(step.pattern['pattern.middle.conv.weight'].dims.join(), before.dims.join());
    await step.release();
  }
});

test('masks learn to cover little', async () => {
  const training = { epochs: 15, batchSize: 16, rate: 0.05, milestones: [14], density: 0.032, densityWeight: 100, diversityWeight: 0.1 };
  const covered: number[] = [];
  const progress = ({ figures }: { figures?: Readonly<Record<string, number>> }) => covered.push(figures?.covered ?? -1);
  await trainMask(train, training, { ...attackContext(1), engine, progress });
  assert.ok(covered[0] > 0.12 && (covered.at(-1) ?? 1) < 0.1, `covered ${covered}`);
});

test('the trigger is trained along, also when the training was interrupted, and is another for every image', async () => {
  let saved: Uint8Array | undefined;
  const checkpoints: CheckpointStore = {
    name: 'memory',
    load: async () => saved,
    save: async (state) => {
      saved = state;
    },
  };
  const task = {
    engine,
    data: { train, test: { ...train, split: 'test' } },
    attack: inputAware,
    attackOptions: { attack_target: 1, pratio: 0.25, clean_train_epochs: 1, mask_batch_size: 16 },
    network: { width: 2, depths: [1] },
    training: { epochs: 2, batch_size: 16, lr: 0.1, crop_padding: 0 },
  };
  const whole = await plantBackdoor(task);
  const controller = new AbortController();
  const progress = ({ phase, done }: { phase: string; done: number }) => {
    if (phase === 'train' && done >= 3) controller.abort();
  };
  await assert.rejects(plantBackdoor({ ...task, checkpoints }, { signal: controller.signal, progress }), Interrupted);
  assert.ok(saved);
  const again = await plantBackdoor({ ...task, checkpoints });
  const { trigger } = again.backdoor;
  assert.deepEqual(trigger.tensors, whole.backdoor.trigger.tensors);
  assert.deepEqual(again.scores, whole.scores);
  assert.equal(again.record.poisoned, 12, 'four of every batch of 16');
  const triggered = await trigger.apply(train.images, engine);
  const differences = Array.from({ length: 48 }, (_, i) =>
    [...triggered.subarray(i * 64, (i + 1) * 64)].map((value, at) => value - imageAt(train, i)[at]),
  );
  assert.ok(new Set(differences.map(String)).size > 40);
});

test('shares that do not fit a batch are refused', async () => {
  const poison = (pratio: number) => inputAware.poison(train, inputAware.options.parse({ pratio }), { ...attackContext(1), engine });
  const options = { batchSize: 16, random: new Random(1) };
  const small = await poison(0.01);
  assert.throws(() => small.batches(options), /a poison ratio of 0.01 poisons no image of a batch of 16; choose at least 0.0625/);
  const crowded = await poison(0.6);
  assert.throws(() => crowded.batches(options), UserError);
});
