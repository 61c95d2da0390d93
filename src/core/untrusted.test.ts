import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { UserError } from './errors.js';
import { readUntrusted } from './untrusted.js';

const schema = z.strictObject({ kind: z.literal('patch'), at: z.tuple([z.int(), z.int()]) });

test('a value that fits comes back', () => {
  assert.deepEqual(readUntrusted(schema, { kind: 'patch', at: [1, 2] }, 'the trigger'), { kind: 'patch', at: [1, 2] });
});

test('everything that is wrong stands in one line of a user error', () => {
  for (const value of [undefined, null, 'patch', [], {}, { kind: 'patch', at: [1, 'x'] }, { kind: 'patch', at: [1, 2], more: 1 }]) {
    assert.throws(
      () => readUntrusted(schema, value, 'the trigger'),
      (error) =>
        error instanceof UserError &&
        /^the trigger is not described as it should be \(.+\); use the file/.test(error.message) &&
        !error.message.includes('\n'),
    );
  }
  assert.throws(() => readUntrusted(schema, { kind: 'other', at: [1, 'x'] }, 'it'), /kind: .*; at\.1: /);
});
