import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkInterrupted, Interrupted, UserError } from './errors.js';

test('only a signal that has fired interrupts', () => {
  const controller = new AbortController();
  checkInterrupted(undefined, 'here');
  checkInterrupted(controller.signal, 'here');
  controller.abort();
  assert.throws(
    () => checkInterrupted(controller.signal, 'in epoch 2'),
    (error) => error instanceof Interrupted && error.message === 'interrupted in epoch 2',
  );
});

test('a message stays on one line and does not steer the terminal, whatever name it repeats', () => {
  assert.equal(new UserError('no \u2018größe 大\u2019').message, 'no \u2018größe 大\u2019');
  assert.equal(new UserError('a\nb\u001b[31m\u202ec\u2028').message, 'a\\u{a}b\\u{1b}[31m\\u{202e}c\\u{2028}');
});
