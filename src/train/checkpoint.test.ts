import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '../core/errors.js';
import { float32, full } from '../core/tensor.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { decodeState, encodeState, type TrainingState } from './checkpoint.js';

const record = { epoch: 1, learningRate: 0.1, loss: 0.3, accuracy: 0.9, seconds: 1.5 };
const state: TrainingState = {
  epochs: 2,
  steps: 20,
  history: [record, { ...record, epoch: 2, loss: 1 / 3 }],
  tensors: { 'conv.weight': full([2, 1, 3, 3], 0.1), 'momentum:conv.weight': float32([1], [-0]) },
};

function refused(bytes: Uint8Array, why: RegExp, run = 'run'): void {
  assert.throws(
    () => decodeState(bytes, run, 'a.checkpoint'),
    (error) => error instanceof UserError && error.message.startsWith('a.checkpoint: ') && why.test(error.message),
  );
}

describe('a checkpoint', () => {
  test('holds everything to go on with', () => {
    assert.deepEqual(decodeState(encodeState(state, 'run'), 'run', 'a'), state);
    const fresh = { epochs: 0, steps: 0, history: [], tensors: {} };
    assert.deepEqual(decodeState(encodeState(fresh, ''), '', 'a'), fresh);
  });

  test('of another run is refused', () => {
    refused(encodeState(state, 'lr=0.1'), /belongs to a run with other data or options/, 'lr=0.2');
    refused(writeSafetensors({ tensors: new Map(), metadata: {} }), /belongs to a run with other/);
  });

  test('cut short anywhere is refused', () => {
    const bytes = encodeState(state, 'run');
    for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length), /damaged/);
  });

  test('without a proper record of progress is refused', () => {
    for (const progress of ['', 'null', '5', '{}', '{"epochs":1,"steps":2,"history":[]}', '{"epochs":1.5,"steps":2,"history":[{}]}'])
      refused(
        writeSafetensors({ tensors: new Map(), metadata: { run: 'run', progress } }),
        /progress record is unreadable; delete the file/,
      );
    refused(writeSafetensors({ tensors: new Map(), metadata: { run: 'run' } }), /progress record is unreadable/);
  });
});
