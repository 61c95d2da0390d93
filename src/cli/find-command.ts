import { UserError } from '../core/errors.js';
import { findNamed } from '../core/lookup.js';
import type { Command } from './command.js';

/** A command, and the words behind its name. */
export interface Found {
  readonly command: Command;
  readonly rest: readonly string[];
}

/**
 * The command that the first word or the first two words name.
 * @throws UserError when there is none, with a suggestion.
 */
export function findCommand(words: readonly string[], commands: readonly Command[]): Found {
  const [first = '', second] = words;
  const single = commands.find(({ name }) => name === first);
  if (single) return { command: single, rest: words.slice(1) };
  const families = [...new Set(commands.map(({ name }) => name.split(' ')[0]))];
  findNamed(
    families.map((name) => ({ name })),
    first,
    'command',
  );
  const members = commands.filter(({ name }) => name.startsWith(`${first} `));
  const names = members.map(({ name }) => name.slice(first.length + 1));
  if (second === undefined || second.startsWith('-'))
    throw new UserError(`${first} needs a name behind it; choose from: ${names.join(', ')}`);
  const { name } = findNamed(
    names.map((member) => ({ name: member })),
    second,
    first,
  );
  return { command: members[names.indexOf(name)], rest: words.slice(2) };
}
