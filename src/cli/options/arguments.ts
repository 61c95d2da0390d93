import { parseArgs } from 'node:util';
import { UserError } from '../../core/errors.js';
import { nearest } from '../../core/lookup.js';
import type { Field } from './fields.js';

/** A command line, taken apart. */
export interface Arguments {
  /** Words that are no options, in order. */
  readonly operands: readonly string[];
  /** Options by {@link Field.key}; text, or true and false for switches. */
  readonly values: ReadonlyMap<string, string | boolean>;
}

/**
 * Takes a command line apart. Options are written `--attack-target 0`, `--attack-target=0` or with underscores; a switch
 * is turned off with `--no-`.
 * @param command what was called, for messages: `antidote attack badnets`.
 * @throws UserError for an option that there is none of, with the nearest name, and for one without its value.
 */
export function parseArguments(args: readonly string[], fields: readonly Field[], command: string): Arguments {
  const spellings = new Map<string, { field: Field; negated: boolean }>();
  for (const field of fields) {
    for (const name of [field.key, field.flag]) {
      spellings.set(name, { field, negated: false });
      if (field.kind === 'boolean') spellings.set(`no-${name}`, { field, negated: true });
    }
  }
  const options = Object.fromEntries(
    Array.from(spellings, ([name, { field }]) => [name, { type: field.kind === 'boolean' ? 'boolean' : 'string' } as const]),
  );
  // Not strict: its errors would know nothing of underscores, and suggest nothing.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true });
  const operands: string[] = [];
  const values = new Map<string, string | boolean>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const known = spellings.get(token.name);
    if (!known || !token.rawName.startsWith('--')) throw unknown(token.rawName, fields, command);
    const { field, negated } = known;
    values.set(field.key, field.kind === 'boolean' ? switched(token.rawName, token.value, negated) : given(token.rawName, token.value));
  }
  return { operands, values };
}

function switched(name: string, value: string | undefined, negated: boolean): boolean {
  if (value === undefined) return !negated;
  const on = ({ true: true, false: false } as Readonly<Record<string, boolean>>)[value.toLowerCase()];
  if (negated || on === undefined) throw new UserError(`${name} takes no value; write ${name} alone`);
  return on;
}

function given(name: string, value: string | undefined): string {
  if (value === undefined || value === '' || value.startsWith('--')) throw new UserError(`${name} needs a value; write ${name} VALUE`);
  return value;
}

function unknown(name: string, fields: readonly Field[], command: string): UserError {
  const near = nearest(
    name.replace(/^-+/, '').replaceAll('_', '-'),
    fields.map(({ flag }) => flag),
  );
  return new UserError(`${command} has no option ${name}; ${near ? `did you mean --${near}?` : `'${command} --help' lists all`}`);
}
