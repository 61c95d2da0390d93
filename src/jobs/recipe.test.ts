import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../core/random.js';
import { augmentationOf, optimizerOf, scheduleOf } from './recipe.js';
import { trainingOptions } from './training-options.js';

const options = (changes: object = {}) => trainingOptions.parse(changes);

test("the defaults are BackdoorBench's, and every option says what it is", () => {
  const { epochs, lr, wd, batch_size, client_optimizer, sgd_momentum, lr_scheduler, crop_padding } = options();
  assert.deepEqual([epochs, lr, wd, batch_size, client_optimizer], [100, 0.01, 5e-4, 128, 'sgd']);
  assert.deepEqual([sgd_momentum, lr_scheduler, crop_padding], [0.9, 'CosineAnnealingLR', 4]);
  for (const [name, option] of Object.entries(trainingOptions.shape)) assert.ok(option.description, name);
});

test('each scheduler is the one of its name', () => {
  const rates = (changes: object, stepsPerEpoch = 10) => {
    const schedule = scheduleOf(options({ epochs: 4, lr: 1, ...changes }), stepsPerEpoch);
    return [0, 1, 2, 3].map((epoch) => Number(schedule({ epoch, step: epoch * stepsPerEpoch }).toFixed(4)));
  };
  assert.deepEqual(rates({}), [1, 0.8536, 0.5, 0.1464]);
  assert.deepEqual(rates({ lr_scheduler: 'StepLR', steplr_stepsize: 2, steplr_gamma: 0.5 }), [1, 1, 0.5, 0.5]);
  assert.deepEqual(rates({ lr_scheduler: 'MultiStepLR', steplr_milestones: [1, 3] }), [1, 0.1, 0.1, 0.01]);
  assert.deepEqual(rates({ lr_scheduler: 'ConstantLR' }), [1, 1, 1, 1]);
  const [first, second, , last] = rates({ lr_scheduler: 'OneCycleLR', onecycle_start_divisor: 5 });
  assert.equal(first, 0.2);
  assert.ok(second > 0.9 && last < 0.3, `${second}, ${last}`);
});

test('the optimiser is the one asked for', () => {
  assert.deepEqual(optimizerOf(options()).slots, ['momentum']);
  assert.deepEqual(optimizerOf(options({ sgd_momentum: 0, sgd_nesterov: true })).slots, []);
  assert.equal(optimizerOf(options({ client_optimizer: 'adam' })).name, 'adam');
});

test('images are augmented as the options say, or not at all', () => {
  assert.equal(augmentationOf(options({ crop_padding: 0 })), undefined);
  const shifted = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const image = new Uint8Array(25);
    image[12] = 1;
    augmentationOf(options({ crop_padding: 1 }))?.(image, [1, 5, 5], new Random(seed));
    shifted.add(image.indexOf(1));
  }
  assert.deepEqual(
    [...shifted].sort((a, b) => a - b),
    [6, 7, 8, 11, 12, 13, 16, 17, 18],
  );
  const flipped = new Set<number>();
  for (let seed = 0; seed < 40; seed++) {
    const image = Uint8Array.of(1, 0, 0);
    augmentationOf(options({ crop_padding: 0, horizontal_flip: true }))?.(image, [1, 1, 3], new Random(seed));
    flipped.add(image.indexOf(1));
  }
  assert.deepEqual([...flipped].sort(), [0, 2]);
});
