import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { channelStatistics } from '../data/statistics.js';
import { madeUpDataset } from '../testing/dataset.js';
import { buildNetwork, networkOptions } from './network.js';

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
