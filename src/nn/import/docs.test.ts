import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { constant } from '../../autodiff/rule.js';
import { rules } from '../../autodiff/rules/index.js';
import { upgradedOperators } from '../../onnx/import/upgrade/index.js';

test('the documentation lists the operators through which gradients pass, and no others', () => {
  const text = readFileSync(new URL('../../../docs/bring-your-own-model.md', import.meta.url), 'utf8');
  const [, listed = ''] = /Gradients pass through:\n([\s\S]*?)\.\n/.exec(text) ?? [];
  // Operators of a domain are made here and occur in no file; these are rewritten into others.
  const own = Object.keys(rules).filter((name) => rules[name] !== constant && !name.includes('.'));
  const rewritten = upgradedOperators.filter((name) => !Object.hasOwn(rules, name) && name !== 'ReduceProd' && name !== 'Scatter');
  const sorted = [...own, ...rewritten].sort((a, b) => (a < b ? -1 : 1));
  assert.deepEqual(listed.split(/,\s+/), sorted);
});
