import type { z } from 'zod';
import { UserError } from './errors.js';

/**
 * Reads a value that came from outside, such as parsed JSON, by its schema.
 * @param what names the value in the message: `the trigger`.
 * @throws UserError with everything that is wrong, in one line.
 */
export function readUntrusted<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  throw new UserError(`${what} is not described as it should be (${problems.join('; ')}); use the file that the attack wrote`);
}
