import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fieldsOf } from '../cli/options/fields.js';
import { attacks } from './registry.js';

const text = readFileSync(new URL('../../docs/attacks.md', import.meta.url), 'utf8');
const common = ['pratio', 'attack_target', 'attack_label_trans'];

/** As the tables have it: numbers in any spelling. */
function spellings(value: unknown): string[] {
  if (value === undefined) return ['–'];
  const plain = String(value);
  return typeof value === 'number' ? [`\`${plain}\``, `\`${value.toExponential()}\``] : [`\`${plain}\``];
}

test('docs/attacks.md has a section for every attack, with its paper, and every option with its default', () => {
  const sections = text.split(/^## /m);
  for (const { name, title, paper, options } of attacks) {
    const section = sections.find((each) => each.startsWith(`${title} (\`${name}\`)\n`));
    assert.ok(section, `${title} has no section`);
    assert.ok(section.replace(/\s+/g, ' ').includes(`*${paper.title}*`), `${title}: ${paper.title}`);
    const rows = [...section.matchAll(/^\| `(\w+)` \| (\S+) \| /gm)].map(([, option, fallback]) => [option, fallback]);
    const own = fieldsOf(options).filter(({ key }) => !common.includes(key));
    assert.deepEqual(rows.map(([option]) => option).sort(), own.map(({ key }) => key).sort(), title);
    for (const { key, fallback } of own) {
      const stated = rows.find(([option]) => option === key)?.[1] ?? '';
      assert.ok(spellings(fallback).includes(stated), `${title}: default of ${key} is ${stated}, expected ${spellings(fallback)[0]}`);
    }
    assert.ok(text.includes(`| [${title}](#`), `${title} is not in the overview`);
  }
});
