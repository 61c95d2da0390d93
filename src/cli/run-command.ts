import { UserError } from '../core/errors.js';
import type { Command, Context } from './command.js';
import { everyCommand } from './common.js';
import { commandHelp } from './help.js';
import { type Arguments, parseArguments } from './options/arguments.js';
import { readConfig } from './options/config.js';
import { type Field, fieldsOf } from './options/fields.js';
import { Given } from './options/given.js';

/** A command with its arguments taken apart, but not yet read. */
export interface Invocation {
  readonly command: Command;
  readonly args: Arguments;
  readonly fields: readonly Field[];
}

/** Takes a command's arguments apart. Throws UserError when they are not what it takes. */
export function parseInvocation(command: Command, words: readonly string[]): Invocation {
  const fields = [...command.groups, everyCommand].flatMap(({ schema }) => fieldsOf(schema));
  return { command, args: parseArguments(words, fields, `antidote ${command.name}`), fields };
}

/** Prints the command's help or runs it. Throws UserError when options are not what they may be. */
export async function runCommand({ command, args, fields }: Invocation, context: Context, commandLine: string): Promise<void> {
  const { output } = context;
  if (args.values.get('help') === true) {
    const text = commandHelp(command);
    output.result({ help: text }, text);
    return;
  }
  checkOperands(command, args.operands);
  const values = new Map<string, unknown>(args.values);
  const file = values.get('config');
  if (typeof file === 'string') {
    // A file cannot ask for help, for JSON or for another file: that was settled before it was read.
    const config = await readConfig(
      file,
      fields.filter(({ key }) => !(key in everyCommand.schema.shape)),
    );
    for (const [key, value] of config.values) if (!values.has(key)) values.set(key, value);
    if (config.ignored.length > 0) output.note(`${file}: ignored, as it has no meaning here: ${config.ignored.join(', ')}`);
  }
  await command.run(new Given(`antidote ${command.name}`, args.operands, values, commandLine), context);
}

function checkOperands({ name, operands: wanted = [] }: Command, given: readonly string[]): void {
  const usage = `write 'antidote ${[name, ...wanted].join(' ')}'`;
  if (given.length < wanted.length) throw new UserError(`${name} needs ${wanted[given.length]}; ${usage}`);
  if (given.length > wanted.length) throw new UserError(`${name} does not take '${given[wanted.length]}'; ${usage} and options`);
}
