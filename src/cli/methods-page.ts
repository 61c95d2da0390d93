import { attacks } from '../attacks/registry.js';
import type { Method } from '../core/method.js';
import { defenses } from '../defenses/registry.js';
import { fieldsOf } from './options/fields.js';

/** `docs/methods.md`: every attack and defence with its options, from the registries. */
export function methodsPage(): string {
  const parts = [
    '# Attacks and defences, with their options',
    'Made by `node scripts/methods.mjs` from the methods themselves; a test checks that it is up to date. In grids and configuration files options have the names here; on the command line hyphens take the place of underscores.',
    '## Attacks: `antidote attack NAME`',
    ...attacks.flatMap(section),
    '## Defences: `antidote repair NAME`',
    ...defenses.flatMap(section),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section({
  name,
  title,
  summary,
  paper,
  options,
}: Pick<Method<never>, 'name' | 'title' | 'summary' | 'paper'> & { readonly options: Parameters<typeof fieldsOf>[0] }): string[] {
  const rows = fieldsOf(options).map(({ key, choices, description, fallback }) => {
    const meaning = choices.length > 1 ? `${description} (one of ${choices.join(', ')})` : description;
    return [`\`${key}\``, fallback === undefined ? '' : `\`${Array.isArray(fallback) ? fallback.join(',') : fallback}\``, meaning];
  });
  const lines = [['Option', 'Default', 'Meaning'], ['---', '---', '---'], ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`);
  const source = `${paper.authors}: ${paper.title}, ${paper.venue} ${paper.year}.`;
  return [`### ${title} (\`${name}\`)`, `${summary} ${source}`, ...(rows.length > 0 ? [lines.join('\n')] : [])];
}

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
}
