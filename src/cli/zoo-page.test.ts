import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { listZoo } from '../jobs/node/zoo.js';
import { withZooTable } from './zoo-page.js';

test('docs/zoo.md is up to date', async () => {
  const page = readFileSync(new URL('../../docs/zoo.md', import.meta.url), 'utf8');
  assert.ok(page === withZooTable(page, await listZoo()), 'docs/zoo.md is not what the models say; run node scripts/zoo.mjs');
});

test('the table has a row for every model and tells which backdoors work poorly', async () => {
  const models = await listZoo();
  const [first] = models.filter(({ result }) => result.attack);
  const weak = { ...first, name: 'weak', result: { ...first.result, before: { acc: 0.9, asr: 0.5, ra: 0.4 } } };
  const page = withZooTable('a\n<!-- table -->\nold\n<!-- end of table -->\nb\n', [...models, weak]);
  for (const { name } of models) assert.ok(page.includes(`| \`${name}\` |`), name);
  assert.match(page, /works poorly, with an ASR below 90\u00a0%, in .*`weak`/);
  assert.match(page, /^a\n[\s\S]*\nb\n$/);
  assert.throws(() => withZooTable('no table', models), /no place for the table/);
});
