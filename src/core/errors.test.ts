import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkInterrupted, Interrupted } from './errors.js';

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
