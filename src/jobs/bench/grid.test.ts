import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../core/errors.js';
import { readGrid } from './grid.js';

const least = { attacks: ['badnets'], defenses: ['ft'], data: ['mnist'] };

test('a grid is filled up with the defaults of methods, data, network and training', () => {
  const grid = readGrid(
    { ...least, training: { epochs: 3 }, attacks: ['badnets', { name: 'badnets', label: 'few', options: { pratio: 0.01 } }] },
    'g.yaml',
  );
  assert.deepEqual(
    grid.attacks.map(({ label, options }) => [label, options.pratio]),
    [
      ['BadNets', 0.1],
      ['few', 0.01],
    ],
  );
  assert.deepEqual([grid.data[0].training.epochs, grid.data[0].training.lr], [3, 0.01]);
  assert.deepEqual([grid.models[0].options.width, grid.seeds, grid.ratio, grid.device], [64, [0], 0.05, 'cpu']);
});

test('training may differ from one data set to the other', () => {
  const data = ['mnist', { name: 'cifar10', training: { lr: 0.5 } }];
  const grid = readGrid({ ...least, data, training: { epochs: 3, lr: 0.1 } }, 'g.yaml');
  assert.deepEqual(
    grid.data.map(({ training: { epochs, lr } }) => [epochs, lr]),
    [
      [3, 0.1],
      [3, 0.5],
    ],
  );
});

test('what is wrong is told with its place in the file', () => {
  const cases: [unknown, RegExp][] = [
    [[], /^g\.yaml: the grid: /],
    [{ ...least, attacks: undefined }, /^g\.yaml: attacks: /],
    [{ ...least, attacks: [] }, /^g\.yaml: attacks: /],
    [{ ...least, seed: 1 }, /^g\.yaml: the grid: .*seed/],
    [{ ...least, attacks: ['badnet'] }, /^g\.yaml: attacks\[0\]: there is no attack 'badnet'; did you mean 'badnets'\?/],
    [{ ...least, attacks: [{ name: 'badnets', pratio: 0.1 }] }, /^g\.yaml: attacks\[0\]: .*pratio/],
    [{ ...least, attacks: ['sig', { name: 'badnets', options: { pratio: 2 } }] }, /^g\.yaml: attacks\[1\]: option pratio of badnets is 2/],
    [
      { ...least, defenses: [{ name: 'ft', options: { epoch: 2 } }] },
      /^g\.yaml: defenses\[0\]: ft has no option 'epoch'; did you mean 'epochs'/,
    ],
    [{ ...least, defenses: ['ft', 'ft'] }, /^g\.yaml: defenses\[1\] is called 'FT' as defenses\[0\] is; give it a label/],
    [{ ...least, data: [{ name: 'mnist', training: { lr: -1 } }] }, /^g\.yaml: data\[0\]: option lr of training is -1/],
    [{ ...least, models: [{ name: 'resnet' }] }, /^g\.yaml: models\[0\]: option model of the model is "resnet"/],
    [{ ...least, seeds: [1, 1] }, /^g\.yaml: seeds: 1 stands there twice/],
    [{ ...least, seeds: [0.5] }, /^g\.yaml: seeds\[0\]: /],
    [{ ...least, name: '../up' }, /^g\.yaml: name: is not made of/],
  ];
  for (const [value, message] of cases) {
    assert.throws(
      () => readGrid(value, 'g.yaml'),
      (error) => error instanceof UserError && message.test(error.message) && !error.message.includes('\n'),
      `${JSON.stringify(value)} should be refused by ${message}`,
    );
  }
});
