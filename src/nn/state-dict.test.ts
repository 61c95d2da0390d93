import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { float32, int64, type Tensor, tensor } from '../core/tensor.js';
import { brightnessClassifier } from '../testing/brightness.js';
import { preActResNet } from './preactresnet.js';
import { loadStateDict, stateDict } from './state-dict.js';

const options = { imageShape: [1, 8, 8], classes: 3, mean: [0.5], std: [0.5], width: 2, depths: [1, 1] } as const;
const network = preActResNet(options);
const other = stateDict(preActResNet({ ...options, seed: 1 }), 9);

function refused(change: (state: Map<string, Tensor>) => void, why: RegExp): void {
  const state = new Map(other);
  change(state);
  assert.throws(
    () => loadStateDict(network, state, 'm.safetensors'),
    (error) => error instanceof UserError && !error.message.includes('\n') && why.test(error.message),
    String(why),
  );
}

describe('a state dictionary', () => {
  test('goes into another network and out again', () => {
    assert.deepEqual(stateDict(loadStateDict(network, other, 'm'), 9), other);
    assert.notDeepEqual(stateDict(network, 9), other);
  });

  test('leaves the network it is loaded into alone, and its normalisation of pixels', () => {
    const before = stateDict(network);
    const loaded = loadStateDict(network, other, 'm');
    assert.deepEqual(stateDict(network), before);
    assert.equal(loaded.graph.initializers.get('normalize.mean'), network.graph.initializers.get('normalize.mean'));
    assert.ok([...other.keys()].every((name) => !name.startsWith('normalize.')));
  });

  test('may have come from several GPUs, and lack the counters', () => {
    const parallel = new Map([...other].map(([name, value]) => [`module.${name}`, value]));
    assert.deepEqual(stateDict(loadStateDict(network, parallel, 'm'), 9), other);
    const bare = new Map([...other].filter(([name]) => !name.endsWith('num_batches_tracked')));
    assert.deepEqual(stateDict(loadStateDict(network, bare, 'm'), 9), other);
  });

  test('of another network is refused by the names that are wrong', () => {
    refused(
      (state) => state.delete('conv1.weight'),
      /^m\.safetensors: is no state of 'preactresnet-w2-d1\.1': it lacks conv1\.weight; choose/,
    );
    refused((state) => state.set('fc.weight', float32([1], [1])), /it has the unexpected fc\.weight;/);
    refused((state) => state.set('normalize.mean', float32([1], [1])), /it has the unexpected normalize\.mean/);
    refused((state) => state.set('linear.bias', float32([4], [1, 2, 3, 4])), /it does not fit in linear\.bias \(\[4\], expected \[3\]\)/);
    refused((state) => state.set('linear.bias', int64([3], [1, 2, 3])), /linear\.bias \(int64, expected float32\)/);
    refused((state) => state.set('linear.bias', tensor('float32', [3, 1], new Float32Array(3))), /\(\[3, 1\], expected \[3\]\)/);
    refused((state) => state.clear(), /lacks conv1\.weight, [^,]+, [^,]+ and 21 more;/);
    refused((state) => {
      state.delete('linear.bias');
      state.set('fc.bias', float32([3], [1, 2, 3]));
    }, /lacks linear\.bias; has the unexpected fc\.bias;/);
  });

  test('of a net without normalisation holds its parameters', () => {
    assert.deepEqual([...stateDict(brightnessClassifier(2, [1, 2, 2])).keys()], ['weight', 'bias']);
  });
});
