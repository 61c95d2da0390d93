import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badnets } from '../attacks/badnets.js';
import { UserError } from '../core/errors.js';
import { sha256 } from '../core/hash.js';
import { float32 } from '../core/tensor.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { attackContext, noEngine } from '../testing/attack-context.js';
import { madeUpDataset } from '../testing/dataset.js';
import { readBackdoor } from './backdoor-file.js';

const { trigger, labelMap } = await badnets.poison(
  madeUpDataset(5, 3),
  badnets.options.parse({ patch_size: 2, attack_target: 1 }),
  attackContext(0),
);
const image = new Uint8Array(16);
const attack = { method: 'badnets', title: 'BadNets', options: { pratio: 0.1 }, trigger: trigger.description, labelMap };
const result = { version: 1, kind: 'attack', created: '2026-03-04T15:16:17.123Z', attack };

test('a backdoor is read from a result and from its bare description', async () => {
  const bare = { trigger: trigger.description, labelMap };
  for (const value of [result, bare]) {
    const { backdoor, record } = await readBackdoor(JSON.stringify(value), 'b.json');
    assert.deepEqual(await backdoor.trigger.apply(image, noEngine), await trigger.apply(image, noEngine));
    assert.deepEqual(backdoor.labelMap, { kind: 'all-to-one', target: 1 });
    assert.deepEqual([record.method, record.title], ['badnets', 'BadNets']);
  }
});

test('files without a proper backdoor are user errors that name the file', async () => {
  const cases = [
    '',
    '[]',
    '{}',
    JSON.stringify({ ...result, attack: undefined }),
    JSON.stringify({ ...result, attack: { ...attack, trigger: { kind: 'badnets' } } }),
    JSON.stringify({ ...result, attack: { ...attack, trigger: { kind: 'other' } } }),
    JSON.stringify({ trigger: { kind: 'other' }, labelMap }),
    JSON.stringify({ trigger: trigger.description, labelMap: { kind: 'all-to-one', target: -1 } }),
  ];
  for (const text of cases) {
    await assert.rejects(
      readBackdoor(text, 'b.json'),
      (error) => error instanceof UserError && error.message.startsWith('b.json') && !error.message.includes('\n'),
      text,
    );
  }
});

test('what networks need to make a trigger again is read from beside, and checked', async () => {
  const bytes = writeSafetensors({ tensors: new Map([['a', float32([1], [2])]]), metadata: {} });
  const triggerTensors = await sha256(Uint8Array.from(bytes));
  const text = JSON.stringify({ trigger: trigger.description, labelMap, triggerTensors });
  const { record } = await readBackdoor(text, 'b.json', async () => bytes);
  assert.equal(record.method, 'badnets');
  await assert.rejects(
    readBackdoor(text, 'b.json', async () => bytes.slice(1)),
    new UserError('b.json: trigger.safetensors beside it is not the file that was written with it; copy both from the same run'),
  );
  await assert.rejects(readBackdoor(text, 'b.json'), /^UserError: b\.json: its parameters are in another file, which was not given/);
});
