import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from './errors.js';
import { findNamed } from './lookup.js';

const entries = [{ name: 'badnets' }, { name: 'blended' }, { name: 'wanet' }];

test('an entry is found by its exact name', () => {
  assert.equal(findNamed(entries, 'wanet', 'attack'), entries[2]);
});

test('a slip of the keyboard gets a suggestion', () => {
  for (const typed of ['badnet', 'BadNets', 'bandets']) {
    assert.throws(() => findNamed(entries, typed, 'attack'), new UserError(`there is no attack '${typed}'; did you mean 'badnets'?`));
  }
});

test('two letters swapped are one slip', () => {
  assert.throws(() => findNamed([{ name: 'mnist' }], 'minst', 'data set'), /did you mean 'mnist'\?/);
});

test('another word gets the list of all', () => {
  assert.throws(() => findNamed(entries, 'sig', 'attack'), new UserError("there is no attack 'sig'; choose from: badnets, blended, wanet"));
});
