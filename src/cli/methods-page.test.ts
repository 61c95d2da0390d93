import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { attacks } from '../attacks/registry.js';
import { defenses } from '../defenses/registry.js';
import { methodsPage } from './methods-page.js';
import { fieldsOf } from './options/fields.js';

test('docs/methods.md is up to date', () => {
  const page = readFileSync(new URL('../../docs/methods.md', import.meta.url), 'utf8');
  assert.ok(page === methodsPage(), 'docs/methods.md is not what the methods say; run node scripts/methods.mjs');
});

test('every option of every method is there', () => {
  const page = methodsPage();
  for (const { name, options } of [...attacks, ...defenses]) {
    assert.ok(page.includes(`(\`${name}\`)`), name);
    for (const { key } of fieldsOf(options)) assert.ok(page.includes(`| \`${key}\` |`), key);
  }
});
