import type { z } from 'zod';
import type { Control } from '../core/progress.js';
import type { Given } from './options/given.js';
import type { Output } from './output/output.js';

/** Options under a heading of the help. */
export interface OptionGroup {
  readonly title: string;
  readonly schema: z.ZodObject;
}

/** What a command is given besides its options. */
export interface Context extends Control {
  readonly output: Output;
}

/** One command: parses its options, calls the library, and prints. */
export interface Command {
  /** As typed: `attack badnets`. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Names of the words that it takes behind its name, in order; all must be given. */
  readonly operands?: readonly string[];
  /** What it takes besides the options that every command has. */
  readonly groups: readonly OptionGroup[];
  /** Whether the same command goes on where an interrupted one stopped; else it starts over. */
  readonly resumes?: boolean;
  run(given: Given, context: Context): Promise<void>;
}
