import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../core/errors.js';
import { type Result, readResult } from './result.js';
import { writeResult } from './write.js';

const map = (channel: number, pruned: boolean) => ({ channel, accuracy: 0.5, loss: 1.25, suspicion: 0.5, pruned });

const base: Result = {
  version: 1,
  kind: 'repair',
  created: '2026-03-04T15:16:17.123Z',
  before: { acc: 0.99, asr: 1, ra: 0 },
  after: { acc: 0.98, asr: 0.01, ra: 0.97, images: { clean: 100, triggered: 90 } },
  defense: {
    method: 'fmp',
    options: { p: 64, note: 'a'.repeat(200), none: {}, list: [] },
    maps: { conv1: [map(0, true), map(1, false), map(2, false)], conv2: [map(0, false)] },
  },
  pruned: { conv1: [0], conv2: [] },
  history: { fmp: [{ epoch: 1, learningRate: 0.01, loss: 0.4, accuracy: 0.9, seconds: 1.5 }] },
};

/** The message of the error that reading the text ends in. */
function refusal(text: string): string {
  try {
    readResult(text, 'runs/result.json');
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    assert.match(error.message, /^runs\/result\.json /);
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

test('a result survives writing and reading', () => {
  assert.deepEqual(readResult(writeResult(base), 'result.json'), base);
});

test('a feature map is a line of the file, and no line is needlessly long', () => {
  const lines = writeResult(base).split('\n');
  assert.ok(lines.some((line) => line.trim() === '{ "channel": 0, "accuracy": 0.5, "loss": 1.25, "suspicion": 0.5, "pruned": true },'));
  assert.deepEqual(
    lines.filter((line) => line.length > 140).map((line) => line.trim().slice(0, 6)),
    ['"note"'],
  );
});

test('a loss that is not finite is written as null and read back', () => {
  const epochs = [{ epoch: 1, learningRate: 9, loss: Number.NaN, accuracy: 0.1, seconds: 1 }];
  const read = readResult(writeResult({ ...base, history: { attack: epochs } }), 'result.json');
  assert.equal(read.history?.attack[0].loss, null);
});

test('what cannot be read back is not written', () => {
  assert.throws(() => writeResult({ ...base, after: { acc: 1.5 } }));
  assert.throws(() => writeResult({ ...base, after: { acc: Number.NaN } }));
});

test('malformed files are refused in a line that says where', () => {
  const change = (changes: object) => JSON.stringify({ ...base, ...changes });
  assert.match(refusal('{\n"version": 1,\n'), /not JSON/);
  assert.match(refusal('[]'), /the file/);
  assert.match(refusal(change({ version: 2 })), /version: is not 1/);
  assert.match(refusal(change({ kind: 'other' })), /kind/);
  assert.match(refusal(change({ created: 'yesterday' })), /created/);
  assert.match(refusal(change({ before: { acc: 0.9, asr: 1.01, ra: 0 } })), /before\.asr/);
  assert.match(refusal(change({ before: { asr: 1, ra: 0 } })), /before\.acc/);
  assert.match(refusal(change({ phases: [{ name: 'scan', seconds: -1 }] })), /phases\.0\.seconds/);
});

test('the pruned channels and the maps marked as pruned must agree', () => {
  assert.match(refusal(JSON.stringify({ ...base, pruned: { conv1: [1] } })), /pruned\.conv1: is \[1\], .* \[0\]/);
  assert.match(refusal(JSON.stringify({ ...base, pruned: undefined })), /pruned\.conv1/);
});
