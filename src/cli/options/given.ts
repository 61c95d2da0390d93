import type { z } from 'zod';
import { parseOptions } from '../../jobs/options.js';
import { coerce } from './coerce.js';
import { fieldsOf } from './fields.js';

/** What the user gave: words, and options from the command line and from a file, of which the command line's win. */
export class Given {
  /** Words behind the command's name. */
  readonly operands: readonly string[];
  /** The command line as typed, for the record. */
  readonly commandLine: string;
  readonly #command: string;
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(command: string, operands: readonly string[], values: ReadonlyMap<string, unknown>, commandLine: string) {
    this.#command = command;
    this.#values = values;
    this.operands = operands;
    this.commandLine = commandLine;
  }

  /**
   * The options of one schema, each with its default where it was not given.
   * @throws UserError when one is missing or not what it may be.
   */
  read<Schema extends z.ZodObject>(schema: Schema): z.infer<Schema> {
    const own = fieldsOf(schema).filter(({ key }) => this.#values.has(key));
    return parseOptions(
      schema,
      Object.fromEntries(own.map((field) => [field.key, coerce(this.#values.get(field.key), field)])),
      this.#command,
    );
  }
}
