import { Interrupted, UserError } from '../core/errors.js';
import { version } from '../core/version.js';
import type { Command } from './command.js';
import { commands } from './commands/index.js';
import { findCommand } from './find-command.js';
import { commandHelp, overview } from './help.js';
import { INTERRUPTED, onInterrupt, type Signals } from './interrupt.js';
import { jsonOutput } from './output/json.js';
import type { Sink } from './output/output.js';
import { textOutput } from './output/text.js';
import { parseInvocation, runCommand } from './run-command.js';

/** What the program stands on; tests give their own. */
export interface World {
  readonly out: Sink;
  readonly err: Sink;
  readonly signals: Signals;
}

/**
 * Runs the program.
 * @param args the command line behind the program's name.
 * @returns the exit code: 0 done, 1 a bug, 2 something that the user can mend, 130 interrupted.
 */
export async function main(args: readonly string[], world: World): Promise<number> {
  try {
    return await dispatch(args, world);
  } catch (error) {
    return report(error, world.err);
  }
}

async function dispatch(args: readonly string[], world: World): Promise<number> {
  const [first, ...rest] = args;
  if (first === '--version' || first === '-v') return print(world, `antidote ${version}`);
  if (first === undefined || first === '--help' || first === '-h') return print(world, overview(commands));
  if (first === 'help') return print(world, rest.length > 0 ? commandHelp(findCommand(rest, commands).command) : overview(commands));
  const { command, rest: words } = findCommand(args, commands);
  const invocation = parseInvocation(
    command,
    words.map((word) => (word === '-h' ? '--help' : word)),
  );
  return perform(command, invocation, world, ['antidote', ...args].map(quoted).join(' '));
}

async function perform(command: Command, invocation: ReturnType<typeof parseInvocation>, world: World, line: string): Promise<number> {
  const output = invocation.args.values.get('json') === true ? jsonOutput(world.out) : textOutput(world.out, world.err);
  const { signal, release } = onInterrupt(world.signals, () => {
    output.note('Stopping at the next safe point; press Ctrl-C again to stop at once.');
  });
  try {
    await runCommand(invocation, { output, progress: output.progress, note: output.note, signal }, line);
    return 0;
  } catch (error) {
    output.end();
    if (error instanceof Interrupted) {
      const remedy = command.resumes ? 'to go on from the last finished epoch' : 'to start over';
      const line = `${error.message.split(';')[0]}; run the same command again ${remedy}`;
      output.failed(line);
      world.err.write(`antidote: ${line}\n`);
      return INTERRUPTED;
    }
    if (error instanceof UserError) output.failed(oneLine(error.message));
    throw error;
  } finally {
    output.end();
    release();
  }
}

function print(world: World, text: string): number {
  world.out.write(`${text}\n`);
  return 0;
}

/** One line for what the user can mend; the stack for a bug. */
function report(error: unknown, err: Sink): number {
  if (error instanceof UserError) {
    err.write(`antidote: ${oneLine(error.message)}\n`);
    return 2;
  }
  err.write(`antidote: this is a bug, please report it with the lines below\n${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, ' ');
}

/** A word as a shell would need it written. */
function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
