import { version } from '../core/version.js';
import type { Command, OptionGroup } from './command.js';
import { everyCommand } from './common.js';
import { type Field, fieldsOf } from './options/fields.js';

const WIDTH = 100;
const INDENT = 30;

/** What `antidote help` prints: every command in a line. */
export function overview(commands: readonly Command[]): string {
  const lines = commands.map(({ name, operands = [], summary }) => entry([name, ...operands].join(' '), summary));
  return `Antidote ${version}: find and repair backdoors in image classifiers

Usage: antidote COMMAND [OPTIONS]

${lines.join('\n')}

'antidote COMMAND --help' lists a command's options with their defaults, units and ranges.`;
}

/** What `antidote COMMAND --help` prints. */
export function commandHelp({ name, summary, operands = [], groups }: Command): string {
  const usage = ['antidote', name, ...operands, '[OPTIONS]'].join(' ');
  return `${wrap(summary, WIDTH).join('\n')}

Usage: ${usage}

${[...groups, everyCommand].map(section).join('\n\n')}`;
}

function section({ title, schema }: OptionGroup): string {
  const entries = fieldsOf(schema).map((field) => entry(`--${field.flag}${valueName(field)}`, describe(field)));
  return [`${title}:`, ...entries].join('\n');
}

function valueName({ kind }: Field): string {
  return { number: ' NUMBER', integer: ' N', boolean: '', text: ' TEXT', choice: ' NAME', list: ' N,N,…' }[kind];
}

function describe({ kind, choices, description, fallback }: Field): string {
  const options = choices.length > 1 ? `one of ${choices.join(', ')}` : '';
  const value = Array.isArray(fallback) ? fallback.join(',') : String(fallback);
  // A switch is off unless the help says otherwise.
  const shown = fallback !== undefined && !(kind === 'boolean' && fallback === false) ? `default ${value}` : '';
  const rest = [options, shown].filter(Boolean).join('; ');
  return rest ? `${description} (${rest})` : description;
}

function entry(term: string, text: string): string {
  const [first = '', ...more] = wrap(text, WIDTH - INDENT);
  const head = `  ${term}`;
  const margin = ' '.repeat(INDENT);
  const start = head.length < INDENT - 1 ? [head.padEnd(INDENT) + first] : [head, margin + first];
  return [...start, ...more.map((line) => margin + line)].join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
