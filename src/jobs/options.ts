import type { z } from 'zod';
import { UserError } from '../core/errors.js';
import { nearest } from '../core/lookup.js';

/**
 * Reads the options of a method or job by their schema; what is left out has its default.
 * @param what whose options they are, for messages: `badnets`, `training`.
 * @throws UserError with the first thing that is wrong: the option, its value, and what it may be.
 */
export function parseOptions<Schema extends z.ZodObject>(schema: Schema, values: unknown, what: string): z.infer<Schema> {
  const result = schema.strict().safeParse(values);
  if (result.success) return result.data as z.infer<Schema>;
  const [issue] = result.error.issues;
  if (issue.code === 'unrecognized_keys') throw unknownOption(issue.keys[0], Object.keys(schema.shape), what);
  const name = String(issue.path[0] ?? '');
  const value = (values as Record<string, unknown> | undefined)?.[name];
  const description = (schema.shape[name] as z.ZodType | undefined)?.description;
  if (value === undefined) throw new UserError(`${what} needs option ${name}; ${name}: ${description}`);
  const problem = issue.message.replace(/\s+/g, ' ');
  throw new UserError(`option ${name} of ${what} is ${inWords(value)}: ${problem}${description ? `; ${name}: ${description}` : ''}`);
}

/** The error about an option that nothing is known of, with the nearest name where one is near. */
export function unknownOption(name: string, known: readonly string[], what: string): UserError {
  const near = nearest(name, known);
  return new UserError(`${what} has no option '${name}'; ${near ? `did you mean '${near}'?` : `choose from: ${known.join(', ')}`}`);
}

function inWords(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
