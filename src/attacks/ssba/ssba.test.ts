import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Interrupted, UserError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { imageAt, subset } from '../../data/dataset.js';
import { createEngine } from '../../runtime/node/engine.js';
import { attackContext } from '../../testing/attack-context.js';
import { madeUpDataset } from '../../testing/dataset.js';
import { ssba } from './index.js';
import { imageWeight, trainEncoder } from './train.js';

const engine = await createEngine({ device: 'cpu', threads: 1 });
after(() => engine.close());

const made = madeUpDataset(200, 2, [1, 16, 16]);
const random = new Random(1);
const train = { ...made, images: made.images.map((_, i) => 60 + 8 * (i % 16) + random.below(10)) };
const few = subset(train, [...Array(40).keys()], 'few');
const context = (seed = 1) => ({ ...attackContext(seed), engine });

test('the published defaults are the defaults', () => {
  assert.deepEqual(ssba.options.parse({}), {
    pratio: 0.1,
    attack_target: 0,
    attack_label_trans: 'all2one',
    secret_bits: 100,
    encoder_epochs: 20,
    encoder_batch_size: 64,
    encoder_lr: 1e-4,
    l2_loss_scale: 10,
    l2_loss_delay: 1000,
    l2_loss_ramp: 3000,
  });
});

const training = { bits: 2, epochs: 8, batchSize: 16, rate: 1e-3, weight: 0, delay: 0, ramp: 1 };

test('the encoder learns to hide bits that the decoder reads, also in images that it has not seen', async () => {
  const seen: number[] = [];
  const progress = ({ figures }: { figures?: Readonly<Record<string, number>> }) => seen.push(figures?.bits ?? -1);
  const { parameters, quality } = await trainEncoder(train, training, { ...context(), progress });
  assert.ok(Math.max(...seen.slice(0, 5)) < 0.8, 'at first the bits are guessed');
  assert.ok(Math.max(...seen.slice(-10)) > 0.85, `${seen.slice(-10)} of the bits are read`);
  assert.ok(quality.accuracy > 0.65, `${quality.accuracy} of the bits are read in others`);
  assert.ok(quality.psnr > 5 && quality.psnr < 30, `PSNR ${quality.psnr}`);
  assert.ok(Object.keys(parameters).every((name) => name.startsWith('encoder.')));
});

test('the images count only once the bits are read', () => {
  const weights = [-1, 0, 1000, 2500, 4000, 9000].map((since) => imageWeight(since, { ...training, weight: 10, delay: 1000, ramp: 3000 }));
  assert.deepEqual(weights, [0, 0, 0, 5, 10, 10]);
});

test('training is the same for the same seed, and stops when asked to', async () => {
  const short = { ...training, epochs: 1 };
  const one = await trainEncoder(few, short, context());
  assert.deepEqual(await trainEncoder(few, short, context()), one);
  assert.notDeepEqual((await trainEncoder(few, short, context(2))).parameters, one.parameters);
  await assert.rejects(trainEncoder(few, short, { ...context(), signal: AbortSignal.abort() }), Interrupted);
});

test('a weak encoder is remarked upon, and every image is changed in a way of its own', async () => {
  const notes: string[] = [];
  const options = ssba.options.parse({ secret_bits: 8, encoder_epochs: 1, encoder_batch_size: 20, pratio: 0.25 });
  const prepared = await ssba.preparation?.prepare(few, options, { ...context(), note: (line) => notes.push(line) });
  assert.match(
    notes.join(),
    /^the encoder is weak: [\d.]+ % of the hidden bits are read, at a PSNR of [\d.]+ dB; train it for more epochs$/,
  );
  const { trigger, indices, train: changed } = await ssba.poison(few, options, { ...context(), prepared });
  assert.match(String(trigger.description.secret), /^[01]{8}$/);
  const difference = (index: number) => [...imageAt(changed, index)].map((value, i) => value - imageAt(few, index)[i]).join();
  assert.equal(new Set(Array.from(indices, difference)).size, indices.length);
});

test("parameters that are not the encoder's are refused", async () => {
  const options = ssba.options.parse({ secret_bits: 8, encoder_epochs: 1, encoder_batch_size: 20 });
  const prepared = await ssba.preparation?.prepare(few, options, context());
  const { trigger } = await ssba.poison(few, options, { ...context(), prepared });
  const { 'encoder.conv1.weight': weight, ...others } = trigger.tensors ?? {};
  const restore =
    (tensors: object | undefined, description: object = trigger.description) =>
    () =>
      ssba.restoreTrigger(description, tensors as typeof trigger.tensors);
  for (const wrong of [
    undefined,
    {},
    others,
    { ...others, 'encoder.conv1.weight': { ...weight, dims: [1] } },
    { ...trigger.tensors, more: weight },
  ]) {
    assert.throws(
      restore(wrong),
      new UserError('the parameters of the trigger are not those of its network; use the files that the attack wrote'),
    );
  }
  assert.throws(restore(trigger.tensors, { ...trigger.description, secret: '1' }), UserError);
});
