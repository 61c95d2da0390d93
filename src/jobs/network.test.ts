import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { channelStatistics } from '../data/statistics.js';
import { madeUpDataset } from '../testing/dataset.js';
import { buildNetwork, networkOptions, readNetworkOptions } from './network.js';

test('mean and deviation are of each channel, over all images', () => {
  const images = Uint8Array.of(0, 0, 255, 255, 100, 100, 0, 255, 0, 0, 100, 100);
  const dataset = { ...madeUpDataset(1, 2, [3, 1, 2]), images };
  assert.deepEqual(channelStatistics(dataset), { mean: [0.25, 0.5, 0.3922], std: [0.433, 0.5, 1] });
});

test('the network fits the data set, with the normalisation given or measured', () => {
  const train = madeUpDataset(3, 4, [2, 8, 8]);
  const options = networkOptions.parse({ width: 2, depths: [1] });
  const network = buildNetwork(train, options, 0);
  assert.deepEqual([network.imageShape, network.classes], [[2, 8, 8], 4]);
  const measured = channelStatistics(train).mean.map(Math.fround);
  assert.deepEqual([...(network.graph.initializers.get('normalize.mean')?.data ?? [])], measured);
  const given = buildNetwork(train, { ...options, mean: [0.5, 0.25], std: [1, 1] }, 0);
  assert.deepEqual([...(given.graph.initializers.get('normalize.mean')?.data ?? [])], [0.5, 0.25]);
  assert.throws(
    () => buildNetwork(train, { ...options, std: [1] }, 0),
    new UserError('option std has 1 numbers, but images of made-up have 2 channels; give one for each'),
  );
});

test('a network is chosen by name; the record has the width and depths that it is built with', () => {
  const read = (options: object) => readNetworkOptions(options, 'the network');
  assert.equal(JSON.stringify(read({})), '{"model":"preactresnet18","width":64,"depths":[2,2,2,2]}');
  assert.deepEqual(read({ model: 'cnn_2conv' }), { model: 'cnn_2conv', width: 16 });
  assert.deepEqual(read({ model: 'wrn-22-1', mean: [0.5] }), { model: 'wrn-22-1', width: 16, depths: [3, 3, 3], mean: [0.5] });
  const train = madeUpDataset(3, 4, [1, 28, 28]);
  const network = buildNetwork(train, read({ model: 'cnn_2conv', width: 2 }), 0);
  assert.deepEqual([network.name, network.imageShape, network.classes], ['cnn_2conv-w2', [1, 28, 28], 4]);
  assert.throws(
    () => read({ model: 'resnet19' }),
    /option model of the network is "resnet19": no such network, the nearest is resnet18; model: /,
  );
  const small = new UserError("the images are too small for 'vgg11'; choose larger ones or another network");
  assert.throws(() => buildNetwork(train, read({ model: 'vgg11' }), 0), small);
});
