import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { architectures } from '../nn/zoo/registry.js';
import { withModelsTable } from './models-page.js';

const page = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');

test('docs/models.md is up to date', () => {
  assert.ok(page === withModelsTable(page), 'docs/models.md is not what the networks say; run node scripts/models.mjs');
});

test('every network is in the table, with its own width and depths', () => {
  for (const { name, title, source, width, depths } of architectures)
    assert.ok(page.includes(`| \`${name}\` | ${title} | ${source} | ${width} | ${depths?.join(',') ?? '–'} |`), name);
});
