import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainCsv, explainMaps } from './explain.js';

const map = (channel: number, suspicion: number, pruned: boolean, loss?: number) => ({
  channel,
  suspicion,
  pruned,
  ...(loss !== undefined && { loss, accuracy: 0.5 }),
});

test('maps are explained layer by layer in the order of their suspicion', () => {
  const explained = explainMaps({
    'conv,1': [map(0, 0.1, false, 1), map(1, 0.9, true, 1), map(2, 0.9, true, 2)],
    last: [map(0, 2, false)],
  });
  assert.deepEqual(
    explained['conv,1'].map(({ channel, rank, decision }) => [channel, rank, decision]),
    [
      [2, 1, 'pruned'],
      [1, 2, 'pruned'],
      [0, 3, 'kept'],
    ],
  );
  assert.deepEqual(explained.last, [{ channel: 0, rank: 1, suspicion: 2, decision: 'kept' }]);
  assert.equal(
    explainCsv(explained),
    'layer,rank,channel,suspicion,accuracy,loss,images,chance,decision\n' +
      '"conv,1",1,2,0.9,0.5,2,,,pruned\n"conv,1",2,1,0.9,0.5,1,,,pruned\n"conv,1",3,0,0.1,0.5,1,,,kept\nlast,1,0,2,,,,,kept\n',
  );
});
