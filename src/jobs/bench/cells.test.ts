import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from './canonical.js';
import { type Cell, cellsOf, placesOf, shardOf } from './cells.js';
import { readGrid } from './grid.js';

const base = { attacks: ['badnets', 'blended'], defenses: ['ft', 'clp', 'anp'], data: ['mnist'], seeds: [0, 1] };
const cellsFor = async (value: object) => cellsOf(await placesOf(readGrid({ ...base, ...value }, 'g.yaml')));
const names = (cells: readonly Cell[]) => cells.map(({ name }) => name);

test('canonical JSON does not depend on the order of keys, and leaves out what is undefined', () => {
  assert.equal(canonicalJson({ b: [2, { d: 1, c: undefined }], a: null }), '{"a":null,"b":[2,{"d":1}]}');
});

test('a grid has a cell for each attack, and one for each defence against it, behind it', async () => {
  const cells = await cellsFor({});
  assert.deepEqual([cells.length, new Set(names(cells)).size], [2 * 2 * (1 + 3), 16]);
  for (const [i, { needs }] of cells.entries()) if (needs) assert.ok(cells.indexOf(needs) < i && cells.includes(needs));
  assert.match(cells[0].name, /^[0-9a-f]{24}$/);
});

test('attacks that start from a clean model share one for the same data, model and seed', async () => {
  const cells = await cellsFor({ attacks: ['trojannn', 'lc', 'badnets'] });
  assert.equal(cells.filter(({ inputs }) => inputs.kind === 'clean').length, 2);
});

test('a cell keeps its name unless something changes that it comes to', async () => {
  const before = await cellsFor({});
  const same = await cellsFor({
    name: 'other',
    defenses: ['ft', { options: {}, label: 'lipschitz', name: 'clp' }, 'anp'],
    data: [{ name: 'mnist', options: { from: '/somewhere' } }],
    attacks: [{ name: 'badnets', options: { pratio: 0.1 } }, 'blended'],
  });
  assert.deepEqual(names(same), names(before));
  const kept = async (value: object) => {
    const now = new Set(names(await cellsFor(value)));
    return before.filter(({ name }) => now.has(name)).length;
  };
  assert.equal(await kept({ defenses: ['ft', 'clp', { name: 'anp', options: { batch_size: 7 } }] }), 12);
  assert.equal(await kept({ attacks: [{ name: 'badnets', options: { pratio: 0.2 } }, 'blended'] }), 8);
  assert.equal(await kept({ seeds: [1, 2] }), 8);
  assert.equal(await kept({ ratio: 0.1 }), 4);
  for (const other of [{ training: { epochs: 2 } }, { device: 'webgpu' }, { models: [{ name: 'preactresnet18', options: { width: 8 } }] }])
    assert.equal(await kept(other), 0);
});

test('shards are together the whole grid, and share no training', async () => {
  for (const attacks of [base.attacks, ['trojannn', 'lc', 'badnets']]) {
    const places = await placesOf(readGrid({ ...base, attacks }, 'g.yaml'));
    for (const count of [1, 2, 3, 7]) {
      const shards = Array.from({ length: count }, (_, index) => names(cellsOf(shardOf(places, { index, count }))));
      assert.deepEqual(shards.flat().sort(), names(cellsOf(places)).sort());
    }
  }
});
